import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitWriter } from '../../lib/core/index.ts'
import { emptyVehicleState, limits, type VehicleState } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import {
  distanceBetween,
  incarnationTag,
  maxVehiclesPerPayload,
  OwnVehicleEncoder,
  VehicleReceiver,
  writeUpdate,
} from '../../lib/vehicle/index.ts'
import { anyState, stateWith } from './support/states.ts'

const tag = 0xdeadbeef

/** A receiver with one member, on the sender's clock, 50 ms from it. */
function setUp() {
  const clock = new SimulatedClock({ startMs: 1_000 })
  const receiver = new VehicleReceiver(clock)
  receiver.setMember('anna', tag)
  let sequence = 0
  const payloadOf = (state: VehicleState, payloadTag = tag): Uint8Array =>
    new OwnVehicleEncoder(payloadTag).encode(++sequence, clock.now() * 4, state).slice()
  const receive = (payload: Uint8Array, from = 'anna'): void =>
    receiver.receive(from, payload, clock.now(), clock.now() + 50, 0)
  return { clock, receiver, payloadOf, receive }
}

/** A payload of several vehicles, as traffic will send. */
function payloadOf(
  vehicles: readonly { index: number; state: VehicleState }[],
  time: number,
  count?: number,
): Uint8Array {
  const writer = new BitWriter(new Uint8Array(3_000))
  writer.write(1, 8)
  writer.write(tag, 32)
  writer.write(count ?? vehicles.length, 8)
  for (const { index, state } of vehicles) {
    writer.write(index, 8)
    writeUpdate(writer, 1, time, state)
  }
  return writer.view()
}

const somewhere = stateWith({ x: 100, y: 5, z: -7 })

describe('receiving vehicles', () => {
  it('gives every placed vehicle, by member', () => {
    const { clock, receiver, payloadOf, receive } = setUp()
    receiver.setMember('bert', 7)
    receiver.setMember('cleo', 8)
    receive(payloadOf(somewhere))
    receive(payloadOf({ ...somewhere, x: -50 }, 7), 'bert')
    receive(payloadOf(emptyVehicleState(), 8), 'cleo')
    clock.advance(300)
    expect(receiver.sample().map((vehicle) => [vehicle.memberId, vehicle.state.x, vehicle.opacity])).toEqual([
      ['anna', 100, 1],
      ['bert', -50, 1],
    ])
    expect(receiver.updatesReceived).toBe(3)
    expect(receiver.dropped.total).toBe(0)
  })

  it('gives a moving vehicle where it is at the time asked for', () => {
    const { receiver, payloadOf, receive } = setUp()
    receive(payloadOf({ ...somewhere, velocityZ: -20 }))
    expect(receiver.sample(1_200)[0]?.state.z).toBeCloseTo(-7 - 4, 2)
    expect(receiver.sample(1_300)[0]?.ageMs).toBeCloseTo(300)
    expect(receiver.sampleOne('anna', 1_300)?.state.z).toBeCloseTo(-7 - 6, 2)
    expect(receiver.sampleOne('nobody', 1_300)).toBeUndefined()
  })

  it('leaves what sample handed out alone when asked for one vehicle', () => {
    const { receiver, payloadOf, receive } = setUp()
    receive(payloadOf({ ...somewhere, velocityZ: -20 }))
    const [vehicle] = receiver.sample(1_200)
    const z = vehicle?.state.z
    receiver.sampleOne('anna', 1_500)
    expect(vehicle?.state.z).toBe(z)
  })

  it('fills the same array and objects at each call', () => {
    const { receiver, payloadOf, receive } = setUp()
    receive(payloadOf(somewhere))
    const first = receiver.sample(1_100)
    const [vehicle] = first
    const again = receiver.sample(1_200)
    expect(again).toBe(first)
    expect(again[0]).toBe(vehicle)
    expect(again[0]?.state).toBe(vehicle?.state)
  })

  it('[VEH-2] drops what comes from another process of the member', () => {
    const { receiver, payloadOf, receive } = setUp()
    receive(payloadOf(somewhere, tag + 1))
    expect(receiver.sample(1_100)).toEqual([])
    expect(receiver.dropped.snapshot()).toEqual({ vehicleForeignIncarnation: 1 })
  })

  it('[VEH-2] starts afresh with a new incarnation: its low sequence numbers count, the old process no more', () => {
    const { clock, receiver, payloadOf, receive } = setUp()
    for (let update = 0; update < 100; update++) {
      receive(payloadOf(somewhere))
      clock.advance(10)
    }
    receiver.setMember('anna', 5)
    expect(receiver.sample()).toEqual([])
    receive(new OwnVehicleEncoder(5).encode(1, clock.now() * 4, { ...somewhere, x: 1 }))
    receive(payloadOf(somewhere))
    expect(receiver.sample(clock.now() + 50)[0]?.state.x).toBe(1)
    expect(receiver.dropped.snapshot()).toEqual({ vehicleForeignIncarnation: 1 })
  })

  it('keeps the vehicle when a member is set again with the incarnation it has', () => {
    const { receiver, payloadOf, receive } = setUp()
    receive(payloadOf(somewhere))
    receiver.setMember('anna', tag)
    expect(receiver.sample(1_100).length).toBe(1)
  })

  it('drops what comes from somebody who is no member, or no longer one', () => {
    const { receiver, payloadOf, receive } = setUp()
    receive(payloadOf(somewhere), 'stranger')
    receive(payloadOf(somewhere))
    receiver.removeMember('anna')
    receiver.removeMember('anna')
    expect(receiver.sample(1_100)).toEqual([])
    receive(payloadOf(somewhere))
    expect(receiver.sample(1_100)).toEqual([])
    expect(receiver.dropped.snapshot()).toEqual({ vehicleUnknownMember: 2 })
  })

  it('[VEH-3] skips vehicles other than the own one and goes on', () => {
    const { receiver, receive } = setUp()
    receive(
      payloadOf(
        [
          { index: 3, state: { ...somewhere, x: 33 } },
          { index: 0, state: somewhere },
        ],
        4_000,
      ),
    )
    expect(receiver.sample(1_100).map((vehicle) => vehicle.state.x)).toEqual([100])
    expect(receiver.dropped.snapshot()).toEqual({ vehicleUnsupported: 1 })
  })

  it('[VEH-4] takes as many vehicles as fit a datagram, and no more', () => {
    const { receiver, receive } = setUp()
    expect(maxVehiclesPerPayload).toBe(33)
    const many = Array.from({ length: 34 }, (_, index) => ({ index, state: somewhere }))
    const full = payloadOf(many.slice(0, 33), 4_000)
    expect(full.length).toBeLessThanOrEqual(limits.datagramBytes - 20)
    receive(payloadOf(many, 4_000))
    receive(payloadOf([], 4_000))
    receive(payloadOf(many.slice(0, 2), 4_000, 34))
    expect(receiver.dropped.snapshot()).toEqual({ vehicleMalformed: 3 })
    receive(full)
    expect(receiver.updatesReceived).toBe(1)
  })

  it('[VEH-4] uses nothing of a payload whose second vehicle is damaged', () => {
    const { receiver, receive } = setUp()
    const whole = payloadOf(
      [
        { index: 0, state: somewhere },
        { index: 1, state: somewhere },
      ],
      4_000,
    )
    receive(whole.subarray(0, whole.length - 1))
    expect(receiver.sample(1_100)).toEqual([])
    expect(receiver.dropped.snapshot()).toEqual({ vehicleMalformed: 1 })
  })

  it('[VEH-4] drops trailing bytes, and padding that is not zero', () => {
    const { receiver, payloadOf, receive } = setUp()
    const payload = payloadOf(somewhere)
    receive(new Uint8Array([...payload, 0]))
    const padded = payload.slice()
    padded[padded.length - 1] = (padded[padded.length - 1] ?? 0) | 1
    receive(padded)
    receive(new Uint8Array(0))
    receive(new Uint8Array(2_000))
    const otherKind = payload.slice()
    otherKind[0] = 2
    receive(otherKind)
    expect(receiver.dropped.snapshot()).toEqual({ vehicleMalformed: 5 })
    expect(receiver.sample(1_100)).toEqual([])
  })

  it('counts what playout drops, by reason', () => {
    const { receiver, payloadOf, receive } = setUp()
    const payload = payloadOf(somewhere)
    receive(payload)
    receive(payload)
    receiver.receive('anna', payloadOf(somewhere), 1_000, 5_000, 0)
    receiver.receive('anna', new OwnVehicleEncoder(tag).encode(9, 20_000, somewhere), 1_000, 1_050, 0)
    expect(receiver.dropped.snapshot()).toEqual({ vehicleStale: 1, vehicleLate: 1, vehicleFuture: 1 })
  })

  it('[VEH-18] tells sample times apart across the wrap of the field', () => {
    const wrap = 2 ** 22
    const clock = new SimulatedClock()
    const receiver = new VehicleReceiver(clock)
    receiver.setMember('anna', tag)
    const encoder = new OwnVehicleEncoder(tag)
    for (const [index, at] of [wrap - 100, wrap, wrap + 100].entries()) {
      const state = { ...somewhere, velocityZ: -20, z: -at * 0.02 + wrap * 0.02 }
      receiver.receive('anna', encoder.encode(index, (at * 4) % 2 ** 24, state), at, at + 50, 0)
      expect(receiver.sample(at + 60)[0]?.ageMs).toBeCloseTo(60)
    }
    // A sample just before the wrap in a datagram sent just after it.
    receiver.receive(
      'anna',
      encoder.encode(9, (wrap + 150) * 4 - 2 ** 24, somewhere),
      wrap + 155,
      wrap + 200,
      0,
    )
    expect(receiver.sample(wrap + 205)[0]?.ageMs).toBeCloseTo(55)
  })

  it('never throws on any bytes, and shows nothing out of range for any that it takes', () => {
    const { receiver } = setUp()
    let at = 1_000
    fc.assert(
      fc.property(
        anyState,
        fc.array(fc.tuple(fc.nat({ max: 420 }), fc.boolean()), { maxLength: 6 }),
        (state, damage) => {
          at += 100
          let payload = new OwnVehicleEncoder(tag).encode(at / 100, at * 4, state).slice()
          for (const [bit, cut] of damage) {
            if (cut && bit < 60) payload = payload.subarray(0, bit)
            const byte = payload[bit >> 3]
            if (byte !== undefined) payload[bit >> 3] = byte ^ (0x80 >> (bit & 7))
          }
          receiver.receive('anna', payload, at, at + 50, 0)
          for (const vehicle of receiver.sample(at + 60)) {
            for (const value of Object.values(vehicle.state))
              if (typeof value === 'number') expect(value).not.toBeNaN()
            expect(Math.abs(vehicle.state.x)).toBeLessThan(262_144 + 200)
            expect(vehicle.opacity).toBeGreaterThanOrEqual(0)
            expect(vehicle.opacity).toBeLessThanOrEqual(1)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('never throws on noise', () => {
    const { receiver, receive } = setUp()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => receive(payload)),
      { numRuns: 1_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 34, maxLength: 60 }), (noise) => {
        const payload = noise.slice()
        payload.set([1, 0xde, 0xad, 0xbe, 0xef, 1, 0])
        receive(payload)
        receiver.sample()
      }),
      { numRuns: 1_000 },
    )
  })

  it('[VEH-2] makes the tag of the first four bytes of the incarnation', () => {
    expect(incarnationTag(new Uint8Array([0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4]))).toBe(tag)
    const inside = new Uint8Array([9, 9, 0, 0, 0, 7, 1, 2, 3, 4]).subarray(2)
    expect(incarnationTag(inside)).toBe(7)
  })

  it('measures the distance between two vehicles', () => {
    expect(distanceBetween(stateWith({ x: 1, y: 2, z: 3 }), stateWith({ x: 3, y: 5, z: -3 }))).toBe(7)
  })
})
