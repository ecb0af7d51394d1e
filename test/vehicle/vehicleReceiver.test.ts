import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyVehicleState, type VehicleState } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import {
  distanceBetween,
  emptyCodes,
  OutgoingVehicles,
  PayloadBuffers,
  quantise,
  validateVehicleState,
  VehicleReceiver,
  type Receipt,
} from '../../lib/vehicle/index.ts'
import { wrapSampleTime } from '../../lib/vehicle/sampleTime.ts'
import { anyState, stateWith } from './support/states.ts'

const tag = 0xdead

/** A sender with `tag`, to a recipient that acknowledges everything at once. */
class Sender {
  readonly #outgoing: OutgoingVehicles
  readonly #codes = emptyCodes()
  #sequence = -1

  constructor(tag: number) {
    const deliveries = { sentSequence: 0, hasArrived: (sequence: number) => sequence <= this.#sequence }
    this.#outgoing = new OutgoingVehicles(deliveries, tag, new PayloadBuffers(1_131))
  }

  /** A payload of vehicles sampled at `sampledAt` ms. */
  payloadOf(
    vehicles: Readonly<Record<number, VehicleState>>,
    sampledAt: number,
    sentAt = sampledAt,
  ): Uint8Array {
    this.#outgoing.begin()
    for (const [index, state] of Object.entries(vehicles)) {
      quantise(state, this.#codes)
      this.#outgoing.add(Number(index), this.#codes, wrapSampleTime(sampledAt), wrapSampleTime(sentAt))
    }
    const payload = this.#outgoing.finish().slice()
    this.#outgoing.sent(++this.#sequence)
    return payload
  }

  set wantsWhole(wants: boolean) {
    this.#outgoing.wantsWhole = wants
  }
}

/** A receiver with one member, on the sender's clock, 50 ms from it. */
function setUp() {
  const clock = new SimulatedClock({ startMs: 1_000 })
  const receiver = new VehicleReceiver(clock)
  receiver.setMember('anna', tag)
  const senders = new Map<number, Sender>()
  const payloadOf = (state: VehicleState, payloadTag = tag): Uint8Array => {
    const sender = senders.get(payloadTag) ?? new Sender(payloadTag)
    senders.set(payloadTag, sender)
    return sender.payloadOf({ 0: state }, clock.now())
  }
  const receive = (payload: Uint8Array, from = 'anna'): Receipt =>
    receiver.receive(from, payload, clock.now(), clock.now() + 50, 0)
  return { clock, receiver, payloadOf, receive }
}

const somewhere = stateWith({ x: 100, y: 5, z: -7 })

/** What prediction may carry beyond the ranges of a state that is sent. */
const inside = { x: 0, y: 0, z: 0, velocityX: 0, velocityY: 0, velocityZ: 0, acceleration: 0, yawRate: 0 }

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

  it('[VEH-2] starts afresh with a new incarnation: its numbers count from 0, the old process no more', () => {
    const { clock, receiver, payloadOf, receive } = setUp()
    for (let update = 0; update < 100; update++) {
      receive(payloadOf(somewhere))
      clock.advance(10)
    }
    receiver.setMember('anna', 5)
    expect(receiver.sample()).toEqual([])
    receive(payloadOf({ ...somewhere, x: 1 }, 5))
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
    receive(new Sender(tag).payloadOf({ 0: somewhere }, 1_000), 'stranger')
    receive(payloadOf(somewhere))
    receiver.removeMember('anna')
    receiver.removeMember('anna')
    expect(receiver.sample(1_100)).toEqual([])
    receive(payloadOf(somewhere))
    expect(receiver.sample(1_100)).toEqual([])
    expect(receiver.dropped.snapshot()).toEqual({ vehicleUnknownMember: 2 })
  })

  it('[VEH-3] skips vehicles other than the own one', () => {
    const { clock, receiver, receive } = setUp()
    receive(new Sender(tag).payloadOf({ 0: somewhere, 3: { ...somewhere, x: 33 } }, clock.now()))
    expect(receiver.sample(1_100).map((vehicle) => vehicle.state.x)).toEqual([100])
    expect(receiver.dropped.snapshot()).toEqual({ vehicleUnsupported: 1 })
  })

  it('[VEH-4] uses nothing of a payload whose second vehicle is out of range', () => {
    const { clock, receiver, receive } = setUp()
    const sender = new Sender(tag)
    receive(sender.payloadOf({ 0: somewhere, 1: somewhere }, clock.now()))
    clock.advance(100)
    receive(sender.payloadOf({ 0: { ...somewhere, x: 500 }, 1: { ...somewhere, gear: 40 } }, clock.now()))
    expect(receiver.sample(1_160)[0]?.state.x).toBe(100)
    expect(receiver.dropped.snapshot()).toEqual({ vehicleMalformed: 1, vehicleUnsupported: 1 })
  })

  it('[VEH-7] says that a baseline is lacking until it has one, and shows what it knew meanwhile', () => {
    const { clock, receiver, receive } = setUp()
    const sender = new Sender(tag)
    const moving = { ...somewhere, velocityZ: -20 }
    expect(receive(sender.payloadOf({ 0: moving }, 1_000))).toEqual({
      lacksBaseline: false,
      wantsWhole: false,
    })
    clock.advance(100)
    sender.payloadOf({ 0: moving }, 1_100)
    clock.advance(100)
    expect(receive(sender.payloadOf({ 0: moving }, 1_200))).toEqual({
      lacksBaseline: true,
      wantsWhole: false,
    })
    expect(receiver.dropped.snapshot()).toEqual({ vehicleBaselineMissing: 1 })
    expect(receiver.sample(1_250).length).toBe(1)
    // Noise in between changes nothing of that.
    expect(receive(new Uint8Array([2]))).toMatchObject({ lacksBaseline: true })
    clock.advance(100)
    expect(receive(new Sender(tag).payloadOf({ 0: moving }, 1_300))).toMatchObject({ lacksBaseline: false })
  })

  it('[VEH-7] hears that the other side lacks a baseline, even when it lacks one itself', () => {
    const { receiver, receive } = setUp()
    const sender = new Sender(tag)
    sender.payloadOf({ 0: somewhere }, 900)
    sender.wantsWhole = true
    expect(receive(sender.payloadOf({ 0: somewhere }, 1_000))).toEqual({
      lacksBaseline: true,
      wantsWhole: true,
    })
    receiver.setMember('anna', 5)
    expect(receive(sender.payloadOf({ 0: somewhere }, 1_000))).toEqual({
      lacksBaseline: false,
      wantsWhole: false,
    })
  })

  it('[VEH-4] drops what is too short, has bytes that nothing needs, or is of another kind', () => {
    const { receiver, payloadOf, receive } = setUp()
    const payload = payloadOf(somewhere)
    receive(new Uint8Array([...payload, 1, 2, 3, 4, 5]))
    receive(new Uint8Array(0))
    receive(new Uint8Array(2_000))
    const otherKind = payload.slice()
    otherKind[0] = 2
    receive(otherKind)
    expect(receiver.dropped.snapshot()).toEqual({ vehicleMalformed: 4 })
    expect(receiver.sample(1_100)).toEqual([])
  })

  it('counts what playout drops, by reason, and what came twice not at all', () => {
    const { receiver, receive } = setUp()
    const sender = new Sender(tag)
    const older = sender.payloadOf({ 0: somewhere }, 900)
    const payload = new Sender(tag).payloadOf({ 0: somewhere }, 1_000)
    receive(payload)
    receive(payload)
    receive(older)
    receiver.receive('anna', new Sender(tag).payloadOf({ 0: somewhere }, 1_000), 1_000, 5_000, 0)
    const future = new Sender(tag).payloadOf({ 0: somewhere }, 20_000, 25_000 + 2 ** 21)
    receiver.receive('anna', future, 1_000, 1_050, 0)
    expect(receiver.dropped.snapshot()).toEqual({ vehicleStale: 1, vehicleLate: 1, vehicleFuture: 1 })
    expect(receiver.updatesReceived).toBe(2)
  })

  it('[VEH-18] tells sample times apart across the wrap of the field', () => {
    const wrap = 2 ** 22
    const clock = new SimulatedClock()
    const receiver = new VehicleReceiver(clock)
    receiver.setMember('anna', tag)
    const sender = new Sender(tag)
    for (const at of [wrap - 100, wrap, wrap + 100]) {
      const state = { ...somewhere, velocityZ: -20, z: -at * 0.02 + wrap * 0.02 }
      receiver.receive('anna', sender.payloadOf({ 0: state }, at), at, at + 50, 0)
      expect(receiver.sample(at + 60)[0]?.ageMs).toBeCloseTo(60)
    }
    // A sample just before the wrap in a datagram sent just after it.
    const payload = new Sender(tag).payloadOf({ 0: somewhere }, 2 * wrap - 1, 2 * wrap + 4)
    receiver.receive('anna', payload, 2 * wrap + 4, 2 * wrap + 50, 0)
    expect(receiver.sample(2 * wrap + 55)[0]?.ageMs).toBeCloseTo(56)
  })

  it('never throws on any bytes, and shows nothing out of range for any that it takes', () => {
    const { receiver } = setUp()
    let sender = new Sender(tag)
    let at = 1_000
    fc.assert(
      fc.property(
        anyState,
        fc.array(fc.tuple(fc.nat({ max: 420 }), fc.boolean()), { maxLength: 6 }),
        (state, damage) => {
          at += 100
          let payload = sender.payloadOf({ 0: state }, at).slice()
          for (const [bit, cut] of damage) {
            if (cut && bit < 60) payload = payload.subarray(0, bit)
            const byte = payload[bit >> 3]
            if (byte !== undefined) payload[bit >> 3] = byte ^ (0x80 >> (bit & 7))
          }
          const { lacksBaseline } = receiver.receive('anna', payload, at, at + 50, 0)
          if (lacksBaseline) sender = new Sender(tag)
          for (const vehicle of receiver.sample(at + 60)) {
            for (const value of Object.values(vehicle.state))
              if (typeof value === 'number') expect(value).not.toBeNaN()
            // Predicted for a moment, at any speed that it may claim.
            expect(Math.abs(vehicle.state.x)).toBeLessThan(262_144 + 200)
            validateVehicleState({ ...(vehicle.state as VehicleState), ...inside })
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
      fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => void receive(payload)),
      { numRuns: 1_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 34, maxLength: 60 }), (noise) => {
        const payload = noise.slice()
        payload.set([1, 0xde, 0xad])
        receive(payload)
        receiver.sample()
      }),
      { numRuns: 1_000 },
    )
  })

  it('measures the distance between two vehicles', () => {
    expect(distanceBetween(stateWith({ x: 1, y: 2, z: 3 }), stateWith({ x: 3, y: 5, z: -3 }))).toBe(7)
  })
})
