import { describe, expect, it } from 'vitest'
import { establishLink, type Link } from '../../lib/rtc/index.ts'
import {
  SimulatedClock,
  SimulatedNetwork,
  type Skew,
  type SimulatedNetworkOptions,
} from '../../lib/testing/index.ts'
import { signalWay } from '../compliance/signalWay.ts'

/** The 99th percentile of the error of the clock offset over a minute of driving, after the first second, ms. */
async function errorP99(conditions: Partial<SimulatedNetworkOptions>, skew: Skew): Promise<number> {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, ...conditions })
  const [alice, bob] = [network.peer('alice'), network.peer('bob', skew)]
  const way = signalWay()
  const link = (initiator: boolean): Promise<Link> => {
    const { connector, clock: own, random } = initiator ? alice : bob
    const signals = initiator ? way.initiator : way.responder
    return establishLink({ connector, initiator, signals, clock: own, random })
  }
  const [a, b] = await clock.complete(Promise.all([link(true), link(false)]))
  const errors: number[] = []
  const payload = new Uint8Array(40)
  for (let tick = 0; tick < 1_200; tick++) {
    a.sendState(payload)
    b.sendState(payload)
    await clock.run(50)
    // Origins of send times are known modulo 2^24 quarters of a millisecond only.
    const period = 2 ** 24 / 4
    const difference = (alice.clock.now() - bob.clock.now() - (a.clockOffset ?? NaN)) / period
    if (tick >= 20) errors.push(Math.abs(difference - Math.round(difference)) * period)
  }
  a.close()
  b.close()
  errors.sort((x, y) => x - y)
  return errors[Math.floor(errors.length * 0.99)] ?? NaN
}

describe('[LNK-61] the clock offset', () => {
  it('is right to a quarter of a millisecond on a steady path, whatever the origins', async () => {
    expect(await errorP99({ seed: 1, delayMs: 40 }, { offsetMs: 123_456_789 })).toBeLessThan(0.5)
  })

  it('is right to 2 ms with 20 ms of jitter and 5 % loss', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const conditions = { seed, delayMs: 50, jitterMs: 20, lossPercent: 5 }
      expect(await errorP99(conditions, { offsetMs: -77 })).toBeLessThan(2)
    }
  })

  it('follows clocks that drift apart', async () => {
    const conditions = { seed: 6, delayMs: 50, jitterMs: 20, lossPercent: 5 }
    expect(await errorP99(conditions, { driftPpm: 100 })).toBeLessThan(4)
  })
})
