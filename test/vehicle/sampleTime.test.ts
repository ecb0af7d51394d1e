import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrapSampleTime, wrapSampleTime } from '../../lib/vehicle/sampleTime.ts'

describe('sample times', () => {
  it('[VEH-18] come back to ¼ ms, and never later than they were, from 60 s before the datagram left to just after it, whatever the clock says', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e12, noNaN: true }),
        fc.double({ min: -10, max: 60_000, noNaN: true }),
        (sentAt, age) => {
          const sampledAt = sentAt - age
          const behind = sampledAt - unwrapSampleTime(wrapSampleTime(sampledAt), sentAt)
          // And what doubles of this size lose.
          expect(behind).toBeGreaterThan(-0.001)
          expect(behind).toBeLessThan(0.251)
        },
      ),
    )
  })

  it('[VEH-18] fit 24 bits', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e12, noNaN: true }), (sampledAt) => {
        const time = wrapSampleTime(sampledAt)
        expect(Number.isInteger(time) && time >= 0 && time < 2 ** 24).toBe(true)
      }),
    )
  })

  it.each([
    [0, 4_194_304, 4_194_304],
    [0, 4_194_303.75, 4_194_304],
    [16_777_215, 4_194_304, 4_194_303.75],
    [480_000, 0, 120_000],
    [480_001, 0, 120_000.25 - 4_194_304],
  ])('[VEH-18] read %d sent at %d ms as %d ms', (time, sentAt, expected) => {
    expect(unwrapSampleTime(time, sentAt)).toBe(expected)
  })
})
