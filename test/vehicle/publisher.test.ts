import { describe, expect, it } from 'vitest'
import { BitReader, isConvoyError } from '../../lib/core/index.ts'
import { emptyVehicleState, limits } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import {
  readUpdate,
  VehiclePublisher,
  type StateRecipient,
  type VehicleUpdate,
} from '../../lib/vehicle/index.ts'
import { stateWith } from './support/states.ts'

interface Sent extends VehicleUpdate {
  at: number
  bytes: number
}

/** A recipient that reads what it is sent. */
class Inbox implements StateRecipient {
  readonly sent: Sent[] = []
  accepts = true
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  sendState(payload: Uint8Array): boolean {
    if (!this.accepts) return false
    const update = { sequence: 0, time: 0, state: emptyVehicleState() }
    const reader = new BitReader(payload)
    reader.position = 56
    expect(readUpdate(reader, update)).toBe(true)
    this.sent.push({ ...update, at: this.#clock.now(), bytes: payload.length })
    return true
  }

  get times(): number[] {
    return this.sent.map((sent) => sent.at)
  }
}

function setUp(updateRate?: number) {
  const clock = new SimulatedClock({ startMs: 1_000 })
  const publisher = new VehiclePublisher({
    clock,
    tag: 1,
    ...(updateRate === undefined ? {} : { updateRate }),
  })
  const inboxes = (count: number): Inbox[] =>
    Array.from({ length: count }, () => {
      const inbox = new Inbox(clock)
      publisher.add(inbox)
      return inbox
    })
  return { clock, publisher, inboxes }
}

const somewhere = stateWith({ x: 100, y: 5, z: -7, velocityZ: -20 })

describe('publishing', () => {
  it.each([
    [undefined, 10],
    [20, 20],
    [1, 1],
    [30, 30],
  ])('[VEH-30] with a rate of %s sends each recipient %d payloads a second', (rate, expected) => {
    const { clock, publisher, inboxes } = setUp(rate)
    const [first, second] = inboxes(2)
    publisher.setVehicle(somewhere)
    clock.advance(10_000)
    expect(first?.sent.length).toBe(expected * 10)
    expect(second?.sent.length).toBe(expected * 10)
    expect(publisher.updatesSent).toBe(expected * 20)
  })

  it.each([0, 0.5, 31, NaN, Infinity])('refuses a rate of %d', (updateRate) => {
    const clock = new SimulatedClock()
    let caught: unknown
    try {
      new VehiclePublisher({ clock, tag: 1, updateRate })
    } catch (error) {
      caught = error
    }
    expect(isConvoyError(caught, 'invalid-argument')).toBe(true)
    expect(clock.pendingTimers).toBe(0)
  })

  it('[VEH-30] sends the newest state only, however many were set', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    const state = { ...somewhere }
    const stop = clock.every(7, () => {
      state.x = clock.now()
      publisher.setVehicle(state)
    })
    clock.advance(1_000)
    stop()
    expect(inbox?.sent.length).toBe(10)
    for (const sent of inbox?.sent ?? []) expect(sent.at - sent.state.x).toBeLessThanOrEqual(7)
  })

  it('[VEH-30] sends one payload after a late timer, not the missed ones', () => {
    const clock = new SimulatedClock()
    const own = clock.skewed()
    const publisher = new VehiclePublisher({ clock: own, tag: 1 })
    const inbox = new Inbox(clock)
    publisher.add(inbox)
    publisher.setVehicle(somewhere)
    clock.advance(500)
    own.freeze()
    clock.advance(3_000)
    const before = inbox.sent.length
    own.thaw()
    clock.advance(20)
    expect(inbox.sent.length).toBe(before + 1)
    clock.advance(1_000)
    expect(inbox.sent.length).toBe(before + 11)
  })

  it('[VEH-31] numbers the periods, the same for all, one more each time', () => {
    const { clock, publisher, inboxes } = setUp()
    const [first, second] = inboxes(2)
    publisher.setVehicle(somewhere)
    clock.advance(2_000)
    for (const inbox of [first, second]) {
      const sequences = inbox?.sent.map((sent) => sent.sequence) ?? []
      expect(sequences.length).toBe(20)
      for (const [index, sequence] of sequences.entries())
        expect(sequence).toBe((sequences[0] ?? NaN) + index)
      for (const sent of inbox?.sent ?? []) expect(sent.sequence).toBe(Math.floor((sent.at - 1_000) / 100))
    }
  })

  it('[VEH-31] goes on counting for a recipient that went and came back, and past 2^16', () => {
    const { clock, publisher, inboxes } = setUp(25)
    const [inbox] = inboxes(1)
    publisher.setVehicle(somewhere)
    clock.advance(1_000)
    if (inbox === undefined) throw new Error('No inbox.')
    publisher.remove(inbox)
    clock.advance(2_000)
    expect(inbox.sent.length).toBe(25)
    publisher.add(inbox)
    clock.advance(1_000)
    expect(inbox.sent.at(-1)?.sequence).toBe((inbox.sent[0]?.sequence ?? NaN) + 99)
    publisher.remove(inbox)
    clock.advance((65_536 / 25) * 1_000 - 10_000)
    publisher.add(inbox)
    clock.advance(15_000)
    expect(
      inbox.sent.some((sent, index) => sent.sequence === 0 && inbox.sent[index - 1]?.sequence === 65_535),
    ).toBe(true)
  })

  it('[VEH-32] spreads recipients over the period', () => {
    const { clock, publisher, inboxes } = setUp()
    const all = inboxes(16)
    publisher.setVehicle(somewhere)
    clock.advance(1_000)
    const perMoment = new Map<number, number>()
    for (const inbox of all) for (const at of inbox.times) perMoment.set(at, (perMoment.get(at) ?? 0) + 1)
    expect(perMoment.size).toBe(80)
    expect(Math.max(...perMoment.values())).toBe(2)
  })

  it('[VEH-32] sends a recipient that was added twice one payload per period', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    if (inbox !== undefined) publisher.add(inbox)
    publisher.setVehicle(somewhere)
    clock.advance(1_000)
    expect(inbox?.sent.length).toBe(10)
  })

  it('[VEH-33] counts what a recipient skipped, and sends a newer state next', () => {
    const { clock, publisher, inboxes } = setUp()
    const [stuck, open] = inboxes(2)
    if (stuck === undefined) throw new Error('No inbox.')
    publisher.setVehicle(somewhere)
    stuck.accepts = false
    clock.advance(1_000)
    expect([publisher.updatesSent, publisher.updatesSkipped]).toEqual([10, 10])
    publisher.setVehicle({ ...somewhere, x: 200 })
    stuck.accepts = true
    clock.advance(100)
    expect(stuck.sent.map((sent) => sent.state.x)).toEqual([200])
    expect(open?.sent.length).toBe(11)
  })

  it('[VEH-34] sends an old state as it is, with the time at which it was sampled', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    clock.advance(33)
    publisher.setVehicle(somewhere)
    clock.advance(1_000)
    for (const sent of inbox?.sent ?? []) {
      expect(sent.time).toBe(1_033 * 4)
      expect(sent.state).toMatchObject({ x: 100, z: -7 })
    }
    publisher.setVehicle(somewhere, clock.now() - 12.5)
    clock.advance(100)
    expect(inbox?.sent.at(-1)?.time).toBe((2_033 - 12.5) * 4)
  })

  it('[VEH-34] refuses a sample time that is not finite, and holds one in the future to now', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    expect(() => publisher.setVehicle(somewhere, NaN)).toThrow('sampledAt')
    publisher.setVehicle(somewhere, clock.now() + 5_000)
    clock.advance(100)
    expect(inbox?.sent[0]?.time).toBe(4_000)
  })

  it('[VEH-35] goes on sending a truck whose state never changes, and [VEH-18] ages it by at most 60 s', () => {
    const { clock, publisher, inboxes } = setUp(1)
    const [inbox] = inboxes(1)
    publisher.setVehicle({ ...somewhere, velocityZ: 0 })
    clock.advance(2 * 3_600_000)
    expect(inbox?.sent.length).toBe(7_200)
    const last = inbox?.sent.at(-1)
    expect(((last?.at ?? NaN) * 4 - (last?.time ?? NaN)) % 2 ** 24).toBe(240_000)
  })

  it('[VEH-36] sends nothing without a vehicle', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    publisher.setVehicle(null)
    clock.advance(1_000)
    expect(inbox?.sent).toEqual([])
    expect(publisher.active).toBe(false)
  })

  it('[VEH-36] says ten times that a vehicle is gone, then falls silent', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    publisher.setVehicle(somewhere)
    clock.advance(500)
    expect(publisher.active).toBe(true)
    publisher.setVehicle(null)
    clock.advance(5_000)
    const gone = inbox?.sent.slice(5) ?? []
    expect(gone.length).toBe(10)
    for (const sent of gone) expect(sent.state).toMatchObject({ x: 0, y: 0, z: 0 })
  })

  it('[VEH-20] refuses a wrong state and keeps sending the one before', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    publisher.setVehicle(somewhere)
    expect(() => publisher.setVehicle({ ...somewhere, x: NaN, z: 3 })).toThrow('x must be a finite number')
    clock.advance(100)
    expect(inbox?.sent[0]?.state).toMatchObject({ x: 100, z: -7 })
  })

  it('keeps its own copy of the state', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    const state = stateWith({ ...somewhere, trailerCount: 1 })
    publisher.setVehicle(state)
    state.x = 999
    state.trailers[0].yaw = 0.25
    clock.advance(100)
    expect(inbox?.sent[0]?.state.x).toBe(100)
    expect(inbox?.sent[0]?.state.trailers[0].yaw).toBe(0)
  })

  it('[VEH-1] makes 40 bytes of a truck and 43 of one with a trailer, far below a datagram', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    for (const trailerCount of [0, 1, 2, 3]) {
      publisher.setVehicle({ ...somewhere, trailerCount })
      clock.advance(100)
    }
    expect(inbox?.sent.map((sent) => sent.bytes)).toEqual([40, 43, 47, 51])
    expect(51).toBeLessThan(limits.datagramBytes)
  })

  it('leaves no timer and sends nothing once closed, twice if need be', () => {
    const { clock, publisher, inboxes } = setUp()
    const [inbox] = inboxes(1)
    publisher.setVehicle(somewhere)
    publisher.close()
    publisher.close()
    if (inbox !== undefined) publisher.add(inbox)
    expect(clock.pendingTimers).toBe(0)
    clock.advance(1_000)
    expect(inbox?.sent).toEqual([])
  })
})
