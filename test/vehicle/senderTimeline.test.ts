import { describe, expect, it } from 'vitest'
import { timeSpanMs, wrapSampleTime } from '../../lib/vehicle/sampleTime.ts'
import { SenderTimeline, VehicleReceiver } from '../../lib/vehicle/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { knownOf } from './support/known.ts'
import { stateWith } from './support/states.ts'
import { VehiclesLink } from './support/vehiclesLink.ts'

describe('a driver’s clock over all the ways by which its updates come', () => {
  it('[VEH-18] goes on where a new link counts from the beginning', () => {
    const timeline = new SenderTimeline()
    expect(timeline.shiftFor(timeSpanMs - 1_000, 50_000)).toBe(0)
    expect(timeline.shiftFor(timeSpanMs + 1_000, 52_000)).toBe(0)
    // Another link, three seconds later: the same moments, less one span.
    expect(timeline.shiftFor(4_000, 55_000)).toBe(timeSpanMs)
    expect(timeline.place(5_000 * 4, 56_000)).toBe(timeSpanMs + 5_000)
    timeline.reset()
    expect(timeline.shiftFor(4_000, 55_000)).toBe(0)
  })

  it('shows a vehicle whose link was made anew after more than 70 minutes', () => {
    const clock = new SimulatedClock()
    const receiver = new VehicleReceiver(clock)
    receiver.setMember('ben', 1)
    const link = new VehiclesLink(1)
    const arrive = (x: number, sentAt: number, offset: number): void => {
      const { codes, ticks } = knownOf(stateWith({ x }), wrapSampleTime(sentAt))
      receiver.receive('ben', link.send([{ index: 0, codes, ticks }], ticks), sentAt, clock.now(), offset)
    }
    clock.advance(1_000)
    arrive(1, timeSpanMs + 1_000, -timeSpanMs)
    clock.advance(1_000)
    arrive(100, 2_000, 0)
    expect(receiver.dropped.total).toBe(0)
    clock.advance(1_000)
    const [seen] = receiver.sample()
    expect(seen?.ageMs).toBe(1_000)
    expect(seen?.state.x).toBeCloseTo(100, 3)
  })

  it('[FWD-8] takes what comes through others and what comes on its own link in one order, also across 70 minutes', () => {
    const clock = new SimulatedClock({ startMs: 1_000 })
    const receiver = new VehicleReceiver(clock)
    receiver.setMember('ben', 1)
    const link = new VehiclesLink(1)
    const direct = (x: number, sentAt: number): void => {
      const { codes, ticks } = knownOf(stateWith({ x }), wrapSampleTime(sentAt))
      const offset = clock.now() - sentAt
      receiver.receive('ben', link.send([{ index: 0, codes, ticks }], ticks), sentAt, clock.now(), offset)
    }
    const forwarded = (x: number, sampledAt: number): boolean => {
      const now = clock.now()
      const times = { sampledAt: now - 100, sentAt: now, receivedAt: now }
      return receiver.receiveForwarded(
        'ben',
        'anna',
        knownOf(stateWith({ x }), wrapSampleTime(sampledAt)),
        times,
      )
    }
    direct(1, timeSpanMs - 500)
    clock.advance(1_000)
    expect(forwarded(100, timeSpanMs + 400)).toBe(true)
    expect(forwarded(300, timeSpanMs - 600)).toBe(false)
    clock.advance(1_000)
    // A link made anew counts from the beginning.
    direct(200, 1_500)
    expect(receiver.dropped.total).toBe(1)
    expect(receiver.sampleOne('ben')?.state.x).toBeCloseTo(200, 3)
  })
})
