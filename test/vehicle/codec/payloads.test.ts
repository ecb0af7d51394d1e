import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VehicleState } from '../../../lib/protocol/index.ts'
import { areValid, emptyCodes, incarnationTag, vehicleIndices } from '../../../lib/vehicle/index.ts'
import { knownOf } from '../support/known.ts'
import { anyState, stateWith } from '../support/states.ts'
import { VehiclesLink, type Opened, type Outgoing } from '../support/vehiclesLink.ts'

const outgoing = (index: number, state: VehicleState, ticks: number): Outgoing => ({
  index,
  ticks,
  codes: knownOf(state).codes,
})

/** A truck due north at 20 m/s, passing z = 0 at time 0. */
const northbound = (ticks: number): VehicleState =>
  stateWith({ x: 100, y: 5, z: (-20 * ticks) / 4_000, velocityZ: -20 })

const truck = (ticks: number): Outgoing => outgoing(0, northbound(ticks), ticks)

function expectHolds(opened: Opened, vehicles: readonly Outgoing[]): void {
  expect(opened.verdict).toBe('taken')
  expect(opened.vehicles).toEqual(
    vehicles.map(({ index, ticks, codes }) => ({ index, ticks: ticks & 0xffffff, codes: [...codes] })),
  )
}

describe('payloads', () => {
  it('[VEH-1] begin with kind, tag and number', () => {
    const link = new VehiclesLink(0x1234)
    for (const number of [0, 1, 2]) {
      expect([...link.send([truck(0)], 0).subarray(0, 4)]).toEqual([1, 0x12, 0x34, number])
    }
  })

  it('[VEH-1] hold a steady truck in 6 bytes, and take 33 for a whole one', () => {
    const link = new VehiclesLink()
    const sizes = Array.from(
      { length: 20 },
      (_, index) => link.pass([truck(index * 1_000)], index * 1_000).bytes,
    )
    expect(sizes[0]).toBeLessThanOrEqual(33)
    for (const size of sizes.slice(8)) expect(size).toBeLessThanOrEqual(7)
  })

  it('[VEH-5] bring back any vehicles, told at any time, whatever was lost or overtaken on the way', () => {
    const payload = fc.record({
      states: fc.uniqueArray(fc.tuple(fc.nat({ max: vehicleIndices - 1 }), anyState), {
        selector: ([index]) => index,
        maxLength: 3,
      }),
      gap: fc.nat({ max: 9_000 }),
      age: fc.oneof(fc.nat({ max: 4_100 }), fc.nat({ max: 240_000 })),
      lost: fc.boolean(),
      acknowledged: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 30 }), (payloads) => {
        const link = new VehiclesLink()
        let now = 2 ** 24 - 20_000
        for (const { states, gap, age, lost, acknowledged } of payloads) {
          now = (now + gap) & 0xffffff
          const vehicles = states
            .sort(([a], [b]) => a - b)
            .map(([index, state], place) =>
              outgoing(index, state, (now - (place === 1 ? 0 : age)) & 0xffffff),
            )
          const bytes = link.send(vehicles, now)
          if (lost) continue
          // The header is stamped a little later than the payload is written.
          expectHolds(link.open(bytes, (now + 2) & 0xffffff), vehicles)
          if (acknowledged) link.acknowledged.add(link.sequence)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('[VEH-8] tell the time of a sample taken in the very moment of sending, and across the wrap', () => {
    for (const sent of [0, 1, 3_999, 4_096, 2 ** 24 - 1]) {
      for (const age of [0, 1, 3_999, 4_000, 4_001, 4_096, 100_000]) {
        const vehicles = [outgoing(0, northbound(0), (sent - age) & 0xffffff)]
        const link = new VehiclesLink()
        expectHolds(link.open(link.send(vehicles, sent), sent), vehicles)
      }
    }
  })

  it('[VEH-6] are told against the newest update that is known to have arrived', () => {
    const link = new VehiclesLink()
    link.send([truck(0)], 0)
    const whole = link.send([truck(200)], 200).length
    link.acknowledged.add(0)
    expect(link.send([truck(400)], 400).length).toBeLessThan(whole / 2)
    // The first got lost after all: what stands on it can't be read, which the sender did not know.
    const opened = link.open(link.send([truck(600)], 600), 600)
    expect(opened).toMatchObject({ verdict: 'baseline', vehicles: [] })
  })

  it('[VEH-7] are told whole again once the other side says that it lacks a baseline', () => {
    const there = new VehiclesLink()
    const back = new VehiclesLink()
    there.send([truck(0)], 0)
    there.acknowledged.add(0)
    expect(there.open(there.send([truck(200)], 200), 200).verdict).toBe('baseline')
    back.outgoing.wantsWhole = true
    const asked = back.open(back.send([], 210), 210)
    expect(asked).toEqual({ verdict: 'taken', wantsWhole: true, vehicles: [] })
    there.outgoing.restart()
    expectHolds(there.pass([truck(400)], 400), [truck(400)])
    back.outgoing.wantsWhole = false
    expect(back.pass([], 420).wantsWhole).toBe(false)
  })

  it('[VEH-7] tell that a baseline is lacking even to a side that lacks one itself', () => {
    const link = new VehiclesLink()
    link.send([truck(0)], 0)
    link.acknowledged.add(0)
    link.outgoing.wantsWhole = true
    expect(link.open(link.send([truck(200)], 200), 200)).toEqual({
      verdict: 'baseline',
      wantsWhole: true,
      vehicles: [],
    })
  })

  it('[VEH-6] count to 256 and on, never standing on an update more than 31 payloads back', () => {
    const link = new VehiclesLink()
    let ticks = 0
    const step = (count: number, vehicles: readonly Outgoing[] = []): void => {
      for (let index = 0; index < count; index++) link.pass(vehicles, (ticks += 10))
    }
    step(1, [truck(0)])
    step(30)
    expect(link.pass([truck(ticks)], ticks).bytes).toBeLessThan(12)
    step(31)
    expect(link.pass([truck(ticks)], ticks).bytes).toBeGreaterThan(20)
    // Just where the number repeats, what bears the same number is another update.
    for (const gap of [224, 225, 255, 256, 257, 512]) {
      step(gap)
      expectHolds(link.pass([truck(ticks)], ticks), [truck(ticks)])
    }
    for (let index = 0; index < 600; index++) {
      ticks += 200
      expectHolds(link.pass([truck(ticks)], ticks), [truck(ticks)])
    }
  })

  it('[VEH-4] that come twice or late give the same again, and break nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 6 }), { minLength: 40, maxLength: 40 }), (delays) => {
        const link = new VehiclesLink()
        const sent: { at: number; due: number; bytes: Uint8Array; ticks: number; sequence: number }[] = []
        for (const [at, delay] of delays.entries()) {
          const ticks = at * 200
          const bytes = link.send([truck(ticks)], ticks)
          sent.push({ at, due: at + delay, bytes, ticks, sequence: link.sequence })
          if (delay === 3) sent.push({ at, due: at + 5, bytes, ticks, sequence: link.sequence })
          for (const arrival of sent.filter(({ due }) => due === at)) {
            // Nothing stands on what had not arrived when it was told.
            expectHolds(link.open(arrival.bytes, arrival.ticks), [truck(arrival.ticks)])
            link.acknowledged.add(arrival.sequence)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('[VEH-33] that were skipped leave no trace: the next has the same number and the same baseline', () => {
    const link = new VehiclesLink()
    link.pass([truck(0)], 0)
    const skipped = link.write([truck(200)], 200)
    const sent = link.send([truck(200)], 200)
    expect(sent).toEqual(skipped)
    expectHolds(link.open(sent, 200), [truck(200)])
  })

  it('[VEH-3] take up to 128 vehicles, as many as fit whatever each takes', () => {
    const link = new VehiclesLink()
    const all = Array.from({ length: vehicleIndices }, (_, index) =>
      outgoing(index, stateWith({ x: index + 1, velocityZ: -20, trailerCount: index % 4 }), 0),
    )
    let added = 0
    link.outgoing.begin()
    for (const vehicle of all) {
      if (!link.outgoing.hasRoom) break
      link.outgoing.add(vehicle.index, vehicle.codes, vehicle.ticks, 0)
      added++
    }
    expect(added).toBeGreaterThan(20)
    const first = link.outgoing.finish().slice()
    link.outgoing.sent(++link.sequence)
    expect(first.length).toBeLessThanOrEqual(1_131)
    expectHolds(link.open(first, 0), all.slice(0, added))

    // Known, they take few bytes each, and go into one datagram.
    const known = new VehiclesLink(1, 10_000)
    known.pass(all, 0)
    for (let tick = 1; tick < 5; tick++) expect(known.pass(all, tick * 1_000).bytes).toBeLessThan(1_131 - 260)
  })

  it('[VEH-3] fit a datagram even where every vehicle takes the most it can', () => {
    const link = new VehiclesLink()
    const far = (sign: number): VehicleState => {
      const state = stateWith({
        x: sign * 262_143,
        y: sign > 0 ? 1_535 : -511,
        z: sign * -262_143,
        heading: sign > 0 ? 0.9 : 0.4,
        pitch: sign * 0.249,
        roll: sign * 0.24,
        velocityX: sign * 63,
        velocityY: sign * 63,
        velocityZ: sign * 63,
        acceleration: sign * 15.8,
        yawRate: sign * 0.99,
        steering: sign,
        throttle: sign > 0 ? 1 : 0,
        brake: sign > 0 ? 1 : 0,
        gear: sign > 0 ? 15 : -16,
        rpm: sign > 0 ? 3_175 : 0,
        flags: sign > 0 ? 0x3fff : 0,
        trailerCount: 3,
      })
      for (const trailer of state.trailers)
        Object.assign(trailer, { yaw: sign * 0.24, pitch: sign * 0.2, roll: sign * 0.24 })
      return state
    }
    for (let round = 0; round < 12; round++) {
      // Quiet for a while, so that doubt is least when everything jumps.
      const sign = round % 6 === 5 ? -1 : 1
      const all = Array.from({ length: 128 }, (_, index) => outgoing(index, far(sign), round * 4))
      link.outgoing.begin()
      let count = 0
      for (; link.outgoing.hasRoom && count < all.length; count++) {
        link.outgoing.add(count, all[count]!.codes, round * 4, round * 4)
      }
      const bytes = link.outgoing.finish().slice()
      link.outgoing.sent(++link.sequence)
      link.acknowledged.add(link.sequence)
      expect(count).toBeGreaterThan(4)
      expectHolds(link.open(bytes, round * 4), all.slice(0, count))
    }
  })
})

describe('hostile payloads', () => {
  it('[VEH-4] of another kind, cut short or empty are refused', () => {
    const link = new VehiclesLink()
    const bytes = link.send([truck(0)], 0)
    for (const length of [0, 1, 2, 3])
      expect(link.open(bytes.subarray(0, length), 0).verdict).toBe('malformed')
    expect(link.open(new Uint8Array([2, ...bytes.subarray(1)]), 0).verdict).toBe('malformed')
  })

  it('[VEH-2] of another incarnation are foreign', () => {
    const link = new VehiclesLink(7)
    expect(link.open(new VehiclesLink(8).send([truck(0)], 0), 0).verdict).toBe('foreign')
  })

  it('[VEH-4] longer than their symbols are refused', () => {
    const link = new VehiclesLink()
    const bytes = link.send([truck(0)], 0)
    expect(link.open(new Uint8Array([...bytes, 1, 2, 3, 4, 5]), 0)).toMatchObject({
      verdict: 'malformed',
      vehicles: [],
    })
  })

  it('[VEH-4] with a pose out of range give nothing, not even the vehicles before it', () => {
    const link = new VehiclesLink()
    const outside = emptyCodes()
    outside.set(knownOf(northbound(0)).codes)
    outside[1] = -65_537
    const payload = link.send([truck(0), { index: 1, codes: outside, ticks: 0 }], 0)
    expect(link.open(payload, 0)).toEqual({ verdict: 'malformed', wantsWhole: false, vehicles: [] })
    // And nobody can build on what was in it.
    link.acknowledged.add(0)
    expect(link.open(link.send([truck(200)], 200), 200).verdict).toBe('baseline')
  })

  it('[VEH-6] told against an update more than two seconds older lack their baseline: it bears a number that came again', () => {
    const link = new VehiclesLink()
    link.pass([truck(0)], 0)
    const payload = link.send([truck(8_000)], 8_000)
    // The same bytes in a datagram sent later claim a later time.
    expect(link.open(payload, 8_000 + 4_096).verdict).toBe('baseline')
  })

  it('[VEH-4] give nothing out of range, whatever their bytes', () => {
    const link = new VehiclesLink()
    for (let at = 0; at < 4; at++)
      link.pass([truck(at * 200), outgoing(5, northbound(at), at * 200)], at * 200)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 255 }), (noise, number) => {
        const payload = new Uint8Array([1, 0xbe, 0xef, number, ...noise])
        for (const { index, codes } of link.open(payload, 1_000).vehicles) {
          expect(index).toBeLessThan(vehicleIndices)
          expect(areValid(Int32Array.from(codes))).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('[VEH-2] the tag is the first two bytes of the incarnation', () => {
    expect(incarnationTag(new Uint8Array([0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4]))).toBe(0xdead)
    const inside = new Uint8Array([9, 9, 0, 7, 0, 0, 1, 2, 3, 4]).subarray(2)
    expect(incarnationTag(inside)).toBe(7)
  })
})
