import { describe, expect, it } from 'vitest'
import { ClockSlew } from '../../lib/vehicle/clockSlew.ts'

describe('the clock offset used for display', () => {
  it('[VEH-54] is the fastest arrival so far until one is measured', () => {
    const offset = new ClockSlew()
    expect(offset.known).toBe(false)
    offset.observe(undefined, 1_000, 1_080)
    expect(offset.at(1_080)).toBe(80)
    offset.observe(undefined, 1_100, 1_190)
    expect(offset.at(5_000)).toBe(80)
    offset.observe(undefined, 1_200, 1_260)
    expect(offset.at(1_260)).toBe(80)
    expect(offset.at(1_260 + 400)).toBe(60)
  })

  it('[VEH-54] is the first measured one at once, and stays it when the link has none for a while', () => {
    const offset = new ClockSlew()
    offset.observe(undefined, 1_000, 1_080)
    offset.observe(25, 1_100, 1_180)
    expect(offset.at(1_180)).toBe(25)
    offset.observe(undefined, 1_200, 1_201)
    expect(offset.at(1_300)).toBe(25)
  })

  it('[VEH-54] approaches a better one at 50 ms per second, from wherever it is', () => {
    const offset = new ClockSlew()
    offset.observe(100, 0, 0)
    offset.observe(70, 1_000, 1_000)
    expect(offset.at(1_000)).toBe(100)
    expect(offset.at(1_200)).toBeCloseTo(90)
    offset.observe(120, 1_200, 1_200)
    expect(offset.at(1_200)).toBeCloseTo(90)
    expect(offset.at(1_400)).toBeCloseTo(100)
    expect(offset.at(3_000)).toBe(120)
  })

  it('[VEH-54] jumps when the measured one does by more than 400 ms', () => {
    const offset = new ClockSlew()
    offset.observe(100, 0, 0)
    offset.observe(-9_000, 1_000, 1_000)
    expect(offset.at(1_000)).toBe(-9_000)
  })

  it('knows nothing after a reset', () => {
    const offset = new ClockSlew()
    offset.observe(100, 0, 0)
    offset.reset()
    expect(offset.known).toBe(false)
    offset.observe(undefined, 0, 5)
    expect(offset.at(5)).toBe(5)
  })
})
