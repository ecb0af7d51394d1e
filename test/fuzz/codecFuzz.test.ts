import { expect, it } from 'vitest'
import { fuzzCodec } from './codecFuzz.ts'

it('[VEH-4] 40,000 valid, damaged and made-up payloads break nothing and show nothing out of range', () => {
  const report = fuzzCodec(40_000, 1)
  // All ways into the receiver were gone.
  expect(report.taken).toBeGreaterThan(5_000)
  for (const reason of [
    'vehicleMalformed',
    'vehicleBaselineMissing',
    'vehicleForeignIncarnation',
    'vehicleStale',
  ]) {
    expect(report.dropped[reason], reason).toBeGreaterThan(100)
  }
  expect(fuzzCodec(2_000, 2)).toEqual(fuzzCodec(2_000, 2))
})
