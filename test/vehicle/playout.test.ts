import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../../lib/protocol/index.ts'
import { Playout, rateOf, type MotionRates, type PlayoutVerdict } from '../../lib/vehicle/index.ts'
import { knownOf } from './support/known.ts'
import { stateWith } from './support/states.ts'
import { along } from './support/truckModel.ts'

interface Details {
  rates: Partial<MotionRates>
  sentAt: number
  receivedAt: number
  offset: number | null
}

/** A playout fed by hand, on clocks that agree, with 50 ms one way. What it is told is rounded as on the wire. */
class Feed {
  readonly playout = new Playout()
  readonly #shown = emptyVehicleState()

  /** An update sampled and sent at `sampledAt`; an offset of null stands for one not known. */
  update(state: VehicleState, sampledAt: number, details: Partial<Details> = {}): PlayoutVerdict {
    const sentAt = details.sentAt ?? sampledAt
    const receivedAt = details.receivedAt ?? sentAt + 50
    const offset = details.offset === null ? undefined : (details.offset ?? 0)
    const known = knownOf(state)
    known.rates[rateOf.jerk] = details.rates?.jerk ?? 0
    known.rates[rateOf.yawAcceleration] = details.rates?.yawAcceleration ?? 0
    known.rates[rateOf.pitch] = (details.rates?.pitchRate ?? 0) * 8_192
    return this.playout.receive(known, { sampledAt, sentAt }, receivedAt, offset)
  }

  at(now: number): VehicleState | undefined {
    return this.playout.sample(now, this.#shown) ? structuredClone(this.#shown) : undefined
  }

  /** Metres north at `now`. */
  north(now: number): number {
    return -(this.at(now)?.z ?? NaN)
  }
}

/** A truck at 20 m/s due north that passes z = 0 at time 0. */
const northbound = (at: number, values: Partial<VehicleState> = {}): VehicleState =>
  stateWith({ x: 1, z: (-20 * at) / 1000, velocityZ: -20, ...values })

/** A feed that is past fading in. */
function steady(until = 1_000): Feed {
  const feed = new Feed()
  for (let at = 0; at <= until; at += 100) feed.update(northbound(at), at)
  return feed
}

describe('playout', () => {
  it('shows nothing before the first update', () => {
    expect(new Feed().at(0)).toBeUndefined()
  })

  it('shows a truck where it is now, not where it was', () => {
    const feed = steady()
    for (const now of [1_050, 1_067, 1_149]) expect(feed.north(now)).toBeCloseTo(now * 0.02, 6)
    expect(feed.playout.ageMs(1_100)).toBeCloseTo(100)
  })

  it('[VEH-50] drops what is older or already known, and nothing moves for it', () => {
    const feed = steady()
    const before = feed.at(1_080)
    expect(feed.update(stateWith({ x: 500 }), 1_000, { receivedAt: 1_070 })).toBe('repeat')
    for (const sampledAt of [999.75, 900, 0]) {
      expect(feed.update(stateWith({ x: 500 }), sampledAt, { sentAt: 1_000, receivedAt: 1_070 })).toBe(
        'stale',
      )
    }
    expect(feed.at(1_080)).toEqual(before)
  })

  it('[VEH-50] never shows a vehicle going backwards because updates overtook each other', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 250 }), { minLength: 20, maxLength: 20 }), (delays) => {
        const feed = new Feed()
        const arrivals = delays
          .map((delay, index) => ({ at: index * 100 + 30 + delay, index }))
          .sort((a, b) => a.at - b.at)
        let last = -Infinity
        let frame = 600
        for (const { at, index } of arrivals) {
          for (; frame < at; frame += 10) {
            const north = feed.north(frame)
            if (Number.isNaN(north)) continue
            expect(north).toBeGreaterThan(last)
            last = north
          }
          feed.update(northbound(index * 100), index * 100, { receivedAt: at })
        }
      }),
    )
  })

  it('[VEH-50] never shows a vehicle going backwards because updates came twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400 }), { minLength: 20, maxLength: 20 }), (delays) => {
        const feed = new Feed()
        const arrivals = delays
          .flatMap((delay, index) => [
            { at: index * 250 + 50, index },
            { at: index * 250 + 50 + delay, index },
          ])
          .sort((a, b) => a.at - b.at)
        let last = -Infinity
        let frame = 60
        for (const { at, index } of arrivals) {
          for (; frame < at; frame += 7) {
            const north = feed.north(frame)
            expect(north).toBeGreaterThan(last)
            last = north
          }
          feed.update(northbound(index * 250), index * 250, { receivedAt: at })
        }
      }),
    )
  })

  it('[VEH-51] drops what was more than a second under way', () => {
    const feed = steady()
    expect(feed.update(northbound(1_100), 1_100, { receivedAt: 2_101 })).toBe('late')
    expect(feed.update(northbound(1_200), 1_200, { receivedAt: 2_199 })).toBe('shown')
  })

  it('[VEH-52] drops what was sampled after it was sent', () => {
    expect(steady().update(northbound(5_000), 5_000, { sentAt: 1_100 })).toBe('future')
  })

  it('[VEH-53] keeps a parked truck whose sample never changes', () => {
    const feed = new Feed()
    const parked = stateWith({ x: 10, z: 10 })
    for (let at = 0; at < 20_000; at += 100) {
      expect(feed.update(parked, 0, { sentAt: at })).toBe(at === 0 ? 'shown' : 'repeat')
    }
    expect(feed.at(20_000)).toEqual(parked)
    expect(feed.playout.opacity(20_000)).toBe(1)
  })

  it('[VEH-54] shows before the clock offset is known, and takes the first measured one at once', () => {
    const feed = new Feed()
    for (let at = 0; at <= 300; at += 100) feed.update(northbound(at), at, { offset: null })
    // Taken for as old as it is under way less: 50 ms behind.
    expect(feed.north(400)).toBeCloseTo(7, 6)
    for (let at = 400; at <= 1_500; at += 100) feed.update(northbound(at), at)
    expect(feed.north(1_560)).toBeCloseTo(31.2, 2)
  })

  it('[VEH-54] follows a better clock offset without a jump', () => {
    const feed = steady()
    for (let at = 1_100; at <= 3_000; at += 100) {
      const before = feed.north(at + 49.999)
      feed.update(northbound(at), at, { offset: -40 })
      expect(Math.abs(feed.north(at + 50) - before)).toBeLessThan(0.001)
    }
    // 40 ms more under way is 0.8 m further on.
    expect(feed.north(3_060)).toBeCloseTo(3_060 * 0.02 + 0.8, 3)
  })

  it('[VEH-54] takes the offset of a clock that stood still at once', () => {
    const feed = steady()
    for (let at = 1_100; at <= 2_000; at += 100) {
      feed.update(northbound(at), at, { offset: 60_000, receivedAt: at + 60_050 })
    }
    expect(feed.north(62_060)).toBeCloseTo(41.2, 3)
  })

  it('[VEH-55] takes up a wrong prediction smoothly: no jump in place or speed', () => {
    const feed = steady()
    // It was braking hard all the time.
    const braking = northbound(1_100, { z: -21.6, velocityZ: -17, acceleration: -6 })
    const step = 1
    const before = feed.north(1_150 - step)
    const speedBefore = (before - feed.north(1_150 - 2 * step)) / step
    feed.update(braking, 1_100)
    const after = feed.north(1_150)
    expect(after - before).toBeCloseTo(0.02 * step, 3)
    expect((feed.north(1_150 + step) - after) / step).toBeCloseTo(speedBefore, 3)
    // 95 % of it is gone after half a second.
    const truth = 21.6 + 17 * 0.55 - 3 * 0.55 * 0.55
    const wrongAtFirst = after - (21.6 + 17 * 0.05 - 3 * 0.05 * 0.05)
    expect(wrongAtFirst).toBeGreaterThan(0.4)
    expect(Math.abs(feed.north(1_650) - truth)).toBeLessThan(0.05 * wrongAtFirst + 0.03)
  })

  it('[VEH-55] moves no faster for a correction than 2 m/s: 3 cm a frame', () => {
    const feed = steady()
    feed.update(northbound(1_100, { z: -23 }), 1_100)
    let last = feed.north(1_150)
    for (let now = 1_160; now < 3_000; now += 10) {
      const north = feed.north(now)
      expect((north - last) / 0.01).toBeLessThan(20 + 2.01)
      expect(north).toBeGreaterThanOrEqual(last)
      last = north
    }
    expect(last).toBeCloseTo(23 + predictedWay(2_990 - 1_100), 1)
  })

  it('[VEH-55] turns the short way round', () => {
    const feed = new Feed()
    for (let at = 0; at <= 500; at += 100) feed.update(northbound(at, { heading: 0.99 }), at)
    feed.update(northbound(600, { heading: 0.01 }), 600)
    for (let now = 650; now < 1_000; now += 10) {
      const heading = feed.at(now)?.heading ?? NaN
      expect(Math.min(heading, 1 - heading)).toBeLessThanOrEqual(0.0101)
    }
  })

  it.each([30, 60, 144, 240])('[VEH-55] shows the same motion at %d frames a second', (rate) => {
    const watch = (frameMs: number): number => {
      const feed = new Feed()
      let nextUpdate = 0
      for (let now = 0; now < 2_000; now += frameMs) {
        for (; nextUpdate + 50 <= now; nextUpdate += 100) {
          // A prediction that is wrong each time.
          const z = -0.01 * nextUpdate + (nextUpdate % 300 === 0 ? 0.5 : 0)
          feed.update(stateWith({ x: 1, z, velocityZ: -10 }), nextUpdate)
        }
        feed.at(now)
      }
      return feed.north(2_010)
    }
    expect(watch(1_000 / rate)).toBeCloseTo(watch(1), 9)
  })

  it('[VEH-56] cuts to a teleport, instead of sliding there', () => {
    const feed = steady()
    feed.update(stateWith({ x: 5_000, z: 3_000, velocityZ: -5 }), 1_100)
    expect(feed.at(1_150)).toMatchObject({ x: 5_000, z: 2_999.75 })
    expect(feed.playout.opacity(1_150)).toBe(1)
  })

  it('[VEH-56] cuts when a truck is turned round on the spot', () => {
    const feed = steady()
    feed.update(northbound(1_100, { heading: 0.5, velocityZ: 0 }), 1_100)
    expect(feed.at(1_150)?.heading).toBe(0.5)
  })

  it('[VEH-56] takes no emergency stop for a teleport, not even with four updates lost', () => {
    const feed = steady()
    // From 20 m/s at 8 m/s² for half a second.
    const stopping = northbound(1_500, { z: -(20 + 9), velocityZ: -16, acceleration: -8 })
    const before = feed.north(1_549.999)
    feed.update(stopping, 1_500)
    expect(Math.abs(feed.north(1_550) - before)).toBeLessThan(0.001)
  })

  it('[VEH-57] stops predicting after a while, evenly and without going back', () => {
    const feed = steady()
    let last = feed.north(1_050)
    let lastStep = Infinity
    for (let now = 1_060; now <= 3_900; now += 10) {
      const north = feed.north(now)
      const step = north - last
      expect(step).toBeGreaterThanOrEqual(-1e-9)
      expect(step).toBeLessThanOrEqual(lastStep + 1e-6)
      last = north
      lastStep = step
    }
    expect(last).toBeCloseTo(20 + 20 * 1.5, 6)
    expect(feed.at(3_900)?.velocityZ).toBeCloseTo(0, 9)
  })

  it('[VEH-57] does not falter between the updates of a slow sender', () => {
    const feed = new Feed()
    for (let at = 0; at <= 6_000; at += 1_000) {
      feed.update(northbound(at), at)
      // The first gap could not be foreseen; after two more nothing is left of what it did.
      if (at < 3_000) continue
      for (let now = at + 50; now < at + 1_050; now += 50) expect(feed.north(now)).toBeCloseTo(now * 0.02, 2)
    }
  })

  it('[VEH-46] goes on as its motion was changing, for a while', () => {
    const feed = steady()
    const rates = { jerk: 10, yawAcceleration: 0.1, pitchRate: 0.001 }
    feed.update(northbound(1_100), 1_100, { rates })
    const plain = steady()
    plain.update(northbound(1_100), 1_100)
    // Of 10 m/s³ three tenths are believed, for 0.3 s: 3 ∕ 6 · 0.2³ m after 0.2 s.
    expect(feed.north(1_300) - plain.north(1_300)).toBeCloseTo((3 / 6) * 0.2 ** 3, 2)
    expect(feed.at(1_300)?.heading).toBeCloseTo((0.09 * 0.2 ** 2) / 2 / (2 * Math.PI), 4)
    expect(feed.at(1_300)?.pitch).toBeCloseTo(0.8 * 0.001 * 0.2, 4)
    expect(feed.at(2_000)?.pitch).toBeCloseTo(0.8 * 0.001 * 0.3, 5)
  })

  it('[VEH-55] moves the tail of a trailer no faster than 2 m/s for a correction that turns the truck', () => {
    const feed = new Feed()
    const still = (heading: number): VehicleState => stateWith({ x: 10, z: 10, heading, trailerCount: 1 })
    for (let at = 0; at <= 1_000; at += 250) feed.update(still(0.5), at)
    feed.update(still(0.52), 1_250)
    let last = along(still(0.5), 'tail')
    for (let now = 1_300; now < 2_500; now += 10) {
      const tail = along(feed.at(now) ?? still(NaN), 'tail')
      expect(Math.hypot(tail[0] - last[0], tail[2] - last[2]) / 0.01).toBeLessThan(2.05)
      last = tail
    }
    expect(feed.at(2_500)?.heading).toBeCloseTo(0.52, 2)
  })

  it('[VEH-58] fades after 1.5 s of silence and is gone after 3 s', () => {
    const feed = steady()
    expect(feed.playout.opacity(2_540)).toBe(1)
    expect(feed.playout.opacity(3_300)).toBeCloseTo(0.5)
    expect(feed.at(4_049)).toBeDefined()
    expect(feed.at(4_050)).toBeUndefined()
    expect(feed.playout.opacity(4_050)).toBe(0)
  })

  it('[VEH-58] fades in when it appears and when it is heard again', () => {
    const feed = new Feed()
    feed.update(northbound(0), 0)
    expect(feed.at(50)).toBeDefined()
    expect(feed.playout.opacity(50)).toBe(0)
    expect(feed.playout.opacity(175)).toBeCloseTo(0.5)
    feed.update(northbound(100), 100)
    expect(feed.playout.opacity(300)).toBe(1)
    feed.update(northbound(2_500), 2_500)
    const heardAgain = feed.playout.opacity(2_550)
    expect(heardAgain).toBeCloseTo(1 - 900 / 1_500)
    expect(feed.playout.opacity(2_600)).toBeCloseTo(heardAgain + 0.2)
  })

  it('[VEH-58] appears afresh after it was gone, without sliding in from where it vanished', () => {
    const feed = steady()
    feed.update(northbound(9_000), 9_000)
    expect(feed.north(9_060)).toBeCloseTo(9_060 * 0.02, 6)
  })

  it('[VEH-59] is gone at once when hidden, and an overtaken update does not bring it back', () => {
    const feed = steady()
    expect(feed.update(emptyVehicleState(), 1_200)).toBe('hidden')
    expect(feed.at(1_250)).toBeUndefined()
    expect(feed.update(northbound(1_100), 1_100, { receivedAt: 1_260 })).toBe('stale')
    expect(feed.at(1_270)).toBeUndefined()
  })

  it('comes to rest softly where it was paused', () => {
    const feed = steady()
    feed.update(northbound(1_100, { flags: vehicleFlags.paused }), 1_100)
    expect(feed.north(2_500)).toBeCloseTo(22, 1)
  })

  it('does not blend trailers that were not there before', () => {
    const feed = steady()
    const coupled = northbound(1_100, { trailerCount: 1 })
    coupled.trailers[0].yaw = 0.2
    feed.update(coupled, 1_100)
    const shown = feed.at(1_150)
    expect(shown?.trailerCount).toBe(1)
    expect(shown?.trailers[0].yaw).toBeGreaterThan(0.15)
  })

  it('forgets everything on reset', () => {
    const feed = steady()
    feed.playout.reset()
    expect(feed.at(1_100)).toBeUndefined()
    expect(feed.update(northbound(0), 0, { receivedAt: 1_110 })).toBe('late')
    expect(feed.update(northbound(0), 0, { receivedAt: 1_110, offset: 1_060 })).toBe('shown')
    expect(feed.north(1_110)).toBeCloseTo(1, 6)
  })
})

/** How far a truck of 20 m/s is predicted at `ageMs`. */
function predictedWay(ageMs: number): number {
  const beyond = Math.min(1_000, Math.max(0, ageMs - 1_000))
  return (20 * (Math.min(1_000, ageMs) + beyond - (beyond * beyond) / 2_000)) / 1_000
}
