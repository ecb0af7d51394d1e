import { describe, expect, it } from 'vitest'
import { timeSpanMs } from '../../lib/vehicle/sampleTime.ts'
import { OwnVehicleEncoder, SenderTimeline, VehicleReceiver } from '../../lib/vehicle/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { stateWith } from './support/states.ts'

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
    const encoder = new OwnVehicleEncoder(1)
    const arrive = (sequence: number, sentAt: number, offset: number): void => {
      const time = (sentAt * 4) % 2 ** 24
      const payload = encoder.encode(sequence, time, stateWith({ x: sequence }))
      receiver.receive('ben', payload, sentAt, clock.now(), offset)
    }
    clock.advance(1_000)
    arrive(1, timeSpanMs + 1_000, -timeSpanMs)
    clock.advance(1_000)
    arrive(2, 2_000, 0)
    expect(receiver.dropped.total).toBe(0)
    clock.advance(1_000)
    const [seen] = receiver.sample()
    expect(seen?.ageMs).toBe(1_000)
    expect(seen?.state.x).toBeCloseTo(2, 3)
  })
})
