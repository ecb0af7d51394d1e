import { describe, expect, it } from 'vitest'
import { isConvoyError } from '../../lib/core/index.ts'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import {
  dequantise,
  IncomingVehicles,
  predict,
  readRates,
  VehiclePublisher,
  type PublisherOptions,
  type StateRecipient,
} from '../../lib/vehicle/index.ts'
import { stateWith } from './support/states.ts'

/** One vehicle of one payload. */
interface Sent {
  at: number
  index: number
  /** When it was sampled, ms. */
  sampledAt: number
  state: VehicleState
  rates: { jerk: number; yawAcceleration: number; pitchRate: number }
}

const tag = 1

/** A recipient that reads what it is sent, at once, and says so after a round trip. */
class Inbox implements StateRecipient {
  readonly sent: Sent[] = []
  /** When each datagram came, and its bytes. */
  readonly datagrams: { at: number; bytes: number; vehicles: number }[] = []
  accepts = true
  /** Whether what is sent gets lost. */
  loses = false
  wantsWhole = false
  readonly #clock: SimulatedClock
  readonly #incoming = new IncomingVehicles()
  readonly #acknowledgedAt = new Map<number, number>()
  #sequence = -1

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  readonly deliveries = {
    sentSequence: -1,
    hasArrived: (sequence: number): boolean =>
      this.#clock.now() >= (this.#acknowledgedAt.get(sequence) ?? Infinity),
  }

  sendState(payload: Uint8Array): boolean {
    if (!this.accepts) return false
    const at = this.#clock.now()
    this.deliveries.sentSequence = ++this.#sequence
    if (this.loses) {
      this.datagrams.push({ at, bytes: payload.length, vehicles: 0 })
      return true
    }
    this.#acknowledgedAt.set(this.#sequence, at + 100)
    expect(this.#incoming.open(payload, tag, Math.floor(at * 4) & 0xffffff)).toBe('taken')
    this.wantsWhole = this.#incoming.wantsWhole
    let vehicles = 0
    this.#incoming.forEach((index, known) => {
      vehicles++
      const state = emptyVehicleState()
      const rates = { jerk: 0, yawAcceleration: 0, pitchRate: 0 }
      dequantise(known.codes, state)
      readRates(known, rates)
      this.sent.push({
        at,
        index,
        sampledAt: at - ((Math.floor(at * 4) - known.ticks) & 0xffffff) / 4,
        state,
        rates,
      })
    })
    this.datagrams.push({ at, bytes: payload.length, vehicles })
    return true
  }

  get times(): number[] {
    return this.datagrams.map(({ at }) => at)
  }

  /** Gaps between datagrams, ms. */
  get gaps(): number[] {
    return this.times.slice(1).map((at, index) => at - (this.times[index] ?? NaN))
  }

  since(at: number): Sent[] {
    return this.sent.filter((sent) => sent.at > at)
  }
}

function setUp(options: Partial<PublisherOptions> = {}) {
  const clock = new SimulatedClock({ startMs: 1_000 })
  const publisher = new VehiclePublisher({ clock, tag, ...options })
  const inboxes = (count: number): Inbox[] =>
    Array.from({ length: count }, () => {
      const inbox = new Inbox(clock)
      publisher.add(inbox)
      return inbox
    })
  const [inbox] = inboxes(1) as [Inbox]
  return { clock, publisher, inboxes, inbox }
}

const parked = stateWith({ x: 100, y: 5, z: -7 })

/** A game that sets a truck 60 times a second: at 20 m/s due north, and whatever `values` add at a time. */
function driveNorth(
  clock: SimulatedClock,
  publisher: VehiclePublisher,
  values: (ms: number) => Partial<VehicleState> = () => ({}),
): () => void {
  const startedAt = clock.now()
  return clock.every(50 / 3, () => {
    const ms = clock.now() - startedAt
    publisher.setVehicle({ ...parked, z: -0.02 * ms, velocityZ: -20, ...values(ms) })
  })
}

/** Swerves so that no prediction holds for long. */
const swerving = (ms: number): Partial<VehicleState> => ({
  x: 100 + 5 * Math.sin(ms / 100),
  heading: 0.5 + 0.1 * Math.sin(ms / 90),
})

describe('publishing', () => {
  it('[VEH-35] tells of steady driving four times a second', () => {
    const { clock, publisher, inbox } = setUp()
    driveNorth(clock, publisher)
    clock.advance(2_000)
    const before = inbox.datagrams.length
    clock.advance(10_000)
    expect(inbox.datagrams.length - before).toBe(40)
    expect(publisher.updatesSent).toBe(inbox.datagrams.length)
  })

  it('[VEH-35] tells of a parked truck every 450 ms, although its state never changes', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(2_000)
    const before = inbox.datagrams.length
    clock.advance(60_000)
    expect(inbox.datagrams.length - before).toBe(133)
    expect(Math.max(...inbox.gaps)).toBeLessThanOrEqual(450)
    // Nothing but the header, and when it was sampled, which is long ago.
    expect(Math.max(...inbox.datagrams.slice(4).map(({ bytes }) => bytes))).toBeLessThanOrEqual(9)
  })

  it.each([
    [undefined, 20],
    [10, 10],
    [1, 1],
    [30, 30],
  ])(
    '[VEH-30] with a rate of %s tells a recipient of wild driving at each of %d ticks a second, and never twice',
    (updateRate, ticks) => {
      const { clock, publisher, inbox } = setUp(updateRate === undefined ? {} : { updateRate })
      driveNorth(clock, publisher, swerving)
      clock.advance(10_000)
      expect(inbox.datagrams.length).toBeGreaterThan(ticks * 10 * 0.8)
      expect(inbox.datagrams.length).toBeLessThanOrEqual(ticks * 10)
      expect(Math.min(...inbox.gaps)).toBeGreaterThan(1_000 / ticks - 1_000 / ticks / 8 - 0.001)
    },
  )

  it.each([0, 0.5, 31, NaN, Infinity])('refuses a rate of %d', (updateRate) => {
    const clock = new SimulatedClock()
    let caught: unknown
    try {
      new VehiclePublisher({ clock, tag, updateRate })
    } catch (error) {
      caught = error
    }
    expect(isConvoyError(caught, 'invalid-argument')).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })

  it('[VEH-30] sends the newest state only, however many were set', () => {
    const { clock, publisher, inbox } = setUp()
    const stop = clock.every(7, () => publisher.setVehicle({ ...parked, x: clock.now() }))
    clock.advance(1_000)
    stop()
    expect(inbox.sent.length).toBeGreaterThan(15)
    for (const sent of inbox.sent) {
      expect(sent.at - sent.sampledAt).toBeLessThanOrEqual(7)
      expect(sent.state.x).toBe(sent.sampledAt)
    }
  })

  it('[VEH-30] sends one payload after a late timer, not the missed ones', () => {
    const clock = new SimulatedClock()
    const own = clock.skewed()
    const publisher = new VehiclePublisher({ clock: own, tag })
    const inbox = new Inbox(clock)
    publisher.add(inbox)
    publisher.setVehicle(parked)
    clock.advance(500)
    own.freeze()
    clock.advance(3_000)
    const before = inbox.datagrams.length
    own.thaw()
    clock.advance(20)
    expect(inbox.datagrams.length).toBe(before + 1)
    clock.advance(1_000)
    expect(inbox.datagrams.length).toBe(before + 3)
  })

  it('[VEH-37] tells of a surprise within a tick: braking is known 50 ms later, at the latest', () => {
    const { clock, publisher, inbox } = setUp()
    const brakesAt = 3_010
    driveNorth(clock, publisher, (ms) => {
      const braked = Math.max(0, ms - brakesAt) / 1_000
      return {
        z: -0.02 * ms + 3 * braked * braked,
        velocityZ: -20 + 6 * braked,
        acceleration: braked > 0 ? -6 : 0,
      }
    })
    clock.advance(brakesAt + 130)
    // 6 m/s² move a truck 2 cm from where it was expected in 82 ms; then comes the next tick.
    const told = inbox.sent.find(({ state }) => state.acceleration < -5)
    expect((told?.at ?? NaN) - 1_000 - brakesAt).toBeLessThanOrEqual(82 + 17 + 50)
  })

  it('[VEH-37] keeps the picture of every recipient within the bound, at each tick after which it is told', () => {
    const { clock, publisher, inbox } = setUp()
    const expected = emptyVehicleState()
    let worst = 0
    const truth = (ms: number): Partial<VehicleState> => ({
      x: 100 + 3 * Math.sin(ms / 900),
      velocityX: (3_000 / 900) * Math.cos(ms / 900),
    })
    driveNorth(clock, publisher, truth)
    clock.every(5, () => {
      const told = inbox.sent.at(-1)
      const ms = clock.now() - 1_000
      if (told === undefined || ms < 1_000) return
      predict(told.state, (clock.now() - told.sampledAt) / 1_000, expected, told.rates)
      worst = Math.max(worst, Math.hypot(expected.x - (truth(ms).x ?? NaN), expected.z + 0.02 * ms))
    })
    clock.advance(20_000)
    // 2 cm, and what 3.7 m/s² beyond prediction add in the tick and the frame before it is told.
    expect(worst).toBeLessThan(0.05)
    expect(inbox.datagrams.length).toBeGreaterThan(90)
  })

  it('[VEH-38] repeats itself at the next tick after a surprise, once', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(5_020)
    const before = clock.now()
    publisher.setVehicle({ ...parked, x: 101 })
    clock.advance(200)
    const repeats = inbox.since(before).map(({ at }) => at)
    expect(repeats.length).toBe(2)
    expect((repeats[1] ?? NaN) - (repeats[0] ?? NaN)).toBeCloseTo(50)
  })

  it.each([
    ['lights', { flags: vehicleFlags.lowBeam }],
    ['the horn', { flags: vehicleFlags.horn }],
    ['a trailer coupled', { trailerCount: 1 }],
  ])('[VEH-37] tells of %s at the next tick', (_name, values) => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(5_020)
    const before = clock.now()
    publisher.setVehicle({ ...parked, ...values })
    clock.advance(50)
    expect(inbox.since(before).map(({ state }) => state)).toMatchObject([values])
  })

  it('[VEH-39] tells of pedals and engine speed that tremble along with the rest, four times a second at most', () => {
    const { clock, publisher, inbox } = setUp()
    clock.every(10, () => {
      publisher.setVehicle({ ...parked, throttle: (clock.now() % 70) / 70, rpm: 600 + (clock.now() % 300) })
    })
    clock.advance(1_000)
    const before = inbox.datagrams.length
    clock.advance(10_000)
    expect(inbox.datagrams.length - before).toBe(22)
    const distinct = inbox.sent.filter(({ state }, index) => state.rpm !== inbox.sent[index - 1]?.state.rpm)
    expect(distinct.length).toBeGreaterThan(15)
  })

  it('[VEH-32] spreads recipients over the period', () => {
    const { clock, publisher, inboxes } = setUp()
    const all = inboxes(15)
    driveNorth(clock, publisher, swerving)
    clock.advance(2_000)
    const perSlot = new Map<number, number>()
    for (const inbox of all) {
      const slot = Math.round(((inbox.times.at(-1) ?? NaN) % 50) / 6.25) % 8
      perSlot.set(slot, (perSlot.get(slot) ?? 0) + 1)
    }
    expect(perSlot.size).toBe(8)
    expect(Math.max(...perSlot.values())).toBe(2)
  })

  it('[VEH-32] sends a recipient that was added twice one payload per tick', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.add(inbox)
    driveNorth(clock, publisher, swerving)
    clock.advance(1_000)
    expect(inbox.datagrams.length).toBeLessThanOrEqual(20)
  })

  it('[VEH-33] counts what a recipient skipped, and tells it at the next tick instead', () => {
    const { clock, publisher, inboxes, inbox: stuck } = setUp()
    const [open] = inboxes(1) as [Inbox]
    publisher.setVehicle(parked)
    clock.advance(2_000)
    const before = { sent: publisher.updatesSent, stuck: stuck.sent.length }
    stuck.accepts = false
    publisher.setVehicle({ ...parked, x: 150 })
    clock.advance(1_000)
    expect(stuck.sent.length).toBe(before.stuck)
    // Due since the surprise, it is tried at every tick.
    expect(publisher.updatesSkipped).toBe(20)
    publisher.setVehicle({ ...parked, x: 200 })
    stuck.accepts = true
    clock.advance(50)
    expect(stuck.sent.at(-1)?.state.x).toBe(200)
    expect(open.sent.at(-1)?.state.x).toBe(200)
  })

  it('[VEH-33] forgets no switch that was skipped', () => {
    const { clock, publisher, inbox } = setUp({ updateRate: 30 })
    const stopDriving = driveNorth(clock, publisher, swerving)
    clock.advance(2_000)
    stopDriving()
    for (let round = 0; round < 40; round++) {
      const flags = round % 2 === 0 ? vehicleFlags.horn : 0
      inbox.accepts = false
      publisher.setVehicle({ ...parked, flags })
      const stop = driveNorth(clock, publisher, (ms) => ({ ...swerving(ms), flags }))
      clock.advance(40)
      inbox.accepts = true
      clock.advance(70)
      stop()
      expect(
        inbox.sent.filter(({ at }) => at > clock.now() - 70).some(({ state }) => state.flags === flags),
      ).toBe(true)
    }
  })

  it('[VEH-34] sends an old state as it is, with the time at which it was sampled', () => {
    const { clock, publisher, inbox } = setUp()
    clock.advance(33)
    publisher.setVehicle(parked)
    clock.advance(1_000)
    expect(inbox.sent.length).toBeGreaterThan(1)
    for (const sent of inbox.sent) {
      expect(sent.sampledAt).toBe(1_033)
      expect(sent.state).toMatchObject({ x: 100, z: -7 })
    }
  })

  it('[VEH-34] sends the time that the program gave, so that its frames need not be the publisher’s', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked, 987.25)
    clock.advance(100)
    expect(inbox.sent[0]?.sampledAt).toBe(987.25)
  })

  it('[VEH-34] refuses a sample time that is not finite, and holds one in the future to now', () => {
    const { clock, publisher, inbox } = setUp()
    expect(() => publisher.setVehicle(parked, NaN)).toThrow('sampledAt')
    publisher.setVehicle(parked, clock.now() + 5_000)
    clock.advance(100)
    expect(inbox.sent[0]?.sampledAt).toBe(1_000)
  })

  it('[VEH-18] ages a state that never changes by at most 60 s', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(2 * 3_600_000)
    expect(inbox.sent.length).toBeGreaterThan(14_000)
    for (const { at, sampledAt } of inbox.sent) expect(at - sampledAt).toBeLessThanOrEqual(60_000.25)
  })

  it('[VEH-36] sends nothing without a vehicle', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(null)
    clock.advance(1_000)
    expect(inbox.datagrams).toEqual([])
    expect(publisher.active).toBe(false)
  })

  it('[VEH-36] says ten times that a vehicle is gone, then falls silent; later recipients hear nothing of it', () => {
    const { clock, publisher, inboxes, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(500)
    expect(publisher.active).toBe(true)
    publisher.setVehicle(null)
    const before = clock.now()
    clock.advance(120)
    const [later] = inboxes(1) as [Inbox]
    clock.advance(5_000)
    const gone = inbox.since(before)
    expect(gone.length).toBe(10)
    for (const sent of gone) expect(sent.state).toMatchObject({ x: 0, y: 0, z: 0 })
    expect((gone.at(-1)?.at ?? NaN) - before).toBeLessThanOrEqual(1_000)
    expect(later.datagrams).toEqual([])
  })

  it('[VEH-36] shows a hidden vehicle again at once, and hides it ten times more', () => {
    const { clock, publisher, inbox } = setUp()
    for (let round = 0; round < 2; round++) {
      const before = clock.now()
      publisher.setVehicle({ ...parked, steering: 0.5, rpm: 1_000 })
      clock.advance(50)
      expect(inbox.since(before).map(({ state }) => [state.x, state.rpm])).toEqual([[100, 1_000]])
      publisher.setVehicle(null)
      clock.advance(3_000)
      expect(inbox.since(before).length).toBe(11)
    }
  })

  it('[VEH-3] sends all vehicles of a member in one datagram per tick, in order, the own one first', () => {
    const { clock, publisher, inbox } = setUp()
    for (const index of [7, 120, 3]) publisher.setTraffic(index, { ...parked, x: 100 + index })
    publisher.setVehicle(parked)
    clock.advance(5_000)
    expect(Math.min(...inbox.gaps)).toBeGreaterThanOrEqual(50)
    for (const { at, vehicles } of inbox.datagrams) {
      expect(inbox.sent.filter((sent) => sent.at === at).map(({ index }) => index)).toEqual(
        [0, 3, 7, 120].slice(-vehicles),
      )
    }
    // What is nearly due goes along: two datagrams a second for all four.
    expect(inbox.datagrams.length).toBeLessThanOrEqual(12)
    publisher.setTraffic(7, null)
    clock.advance(100)
    expect(inbox.sent.findLast(({ index }) => index === 7)?.state).toMatchObject({ x: 0, y: 0, z: 0 })
  })

  it.each([0, -1, 1.5, 128, NaN])('[VEH-3] refuses traffic under index %d', (index) => {
    expect(() => setUp().publisher.setTraffic(index, parked)).toThrow('An index of traffic is 1 to 127.')
  })

  it('[VEH-7] tells everything whole to a recipient that lacks a baseline, at the next tick', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(5_010)
    const small = inbox.datagrams.at(-1)?.bytes ?? NaN
    publisher.heard(inbox, { lacksBaseline: false, wantsWhole: true })
    clock.advance(50)
    expect(inbox.datagrams.at(-1)?.at).toBeGreaterThan(clock.now() - 50)
    expect(inbox.datagrams.at(-1)?.bytes).toBeGreaterThan(2 * small)
  })

  it('[VEH-7] asks for whole updates while a baseline is lacking, five times a second even without a vehicle', () => {
    const { clock, publisher, inbox } = setUp()
    clock.advance(1_000)
    publisher.heard(inbox, { lacksBaseline: true, wantsWhole: false })
    clock.advance(1_000)
    expect(inbox.datagrams.length).toBe(5)
    expect(inbox.wantsWhole).toBe(true)
    publisher.heard(inbox, { lacksBaseline: false, wantsWhole: false })
    clock.advance(1_000)
    expect(inbox.datagrams.length).toBe(5)
    publisher.setVehicle(parked)
    clock.advance(50)
    expect(inbox.wantsWhole).toBe(false)
  })

  it('[VEH-6] tells against what has arrived, whatever was lost in between', () => {
    const { clock, publisher, inbox } = setUp()
    driveNorth(clock, publisher)
    for (let second = 0; second < 20; second++) {
      inbox.loses = second % 2 === 1
      clock.advance(400)
      inbox.loses = false
      clock.advance(600)
    }
    // The inbox itself checks that each payload can be read.
    expect(inbox.sent.length).toBeGreaterThanOrEqual(60)
    expect(Math.max(...inbox.datagrams.slice(4).map(({ bytes }) => bytes))).toBeLessThan(16)
  })

  it('[VEH-20] refuses a wrong state and keeps sending the one before', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    expect(() => publisher.setVehicle({ ...parked, x: NaN, z: 3 })).toThrow('x must be a finite number')
    clock.advance(100)
    expect(inbox.sent[0]?.state).toMatchObject({ x: 100, z: -7 })
  })

  it('keeps its own copy of the state', () => {
    const { clock, publisher, inbox } = setUp()
    const state = stateWith({ ...parked, trailerCount: 1 })
    publisher.setVehicle(state)
    state.x = 999
    state.trailers[0].yaw = 0.25
    clock.advance(100)
    expect(inbox.sent[0]?.state.x).toBe(100)
    expect(inbox.sent[0]?.state.trailers[0].yaw).toBe(0)
  })

  it('sends nothing to a recipient that was removed, and all anew to one that came back', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    clock.advance(1_000)
    publisher.remove(inbox)
    publisher.remove(inbox)
    const before = inbox.datagrams.length
    clock.advance(1_000)
    expect(inbox.datagrams.length).toBe(before)
  })

  it('leaves no timer and sends nothing once closed, twice if need be', () => {
    const { clock, publisher, inbox } = setUp()
    publisher.setVehicle(parked)
    publisher.close()
    publisher.close()
    publisher.add(inbox)
    expect(clock.pendingTimers).toBe(0)
    clock.advance(1_000)
    expect(inbox.datagrams).toEqual([])
  })
})
