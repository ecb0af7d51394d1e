import { expect, it } from 'vitest'
import { measureTraffic } from '../../../bench/traffic.ts'

it('[TRF-30] fifty vehicles of one member cost each other one at most a datagram per tick and 40 kbps', async () => {
  const { figures, errorsM } = await measureTraffic(10_000)
  const of = (name: string): number => figures.find((figure) => figure.name === name)?.value ?? NaN
  expect(of('datagramsPerTick')).toBeLessThanOrEqual(1)
  expect(of('kbpsPerNearMember')).toBeLessThanOrEqual(40)
  // All of them are shown all the time, by both.
  expect(errorsM).toHaveLength(200 * 50 * 2)
  expect(of('errorP99Cm')).toBeLessThan(20)
})
