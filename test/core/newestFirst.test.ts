import { beforeEach, describe, expect, it } from 'vitest'
import { MessageBudget, NewestFirst, TokenBucket } from '../../lib/core/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

let clock: SimulatedClock
beforeEach(() => {
  clock = new SimulatedClock()
})

describe('NewestFirst', () => {
  let passed: [item: string, at: number][]
  let dropped: number
  let gate: NewestFirst<string>
  const offer = (item: string): void => {
    if (gate.admits()) passed.push([item, clock.now()])
    else gate.hold(item)
  }

  beforeEach(() => {
    passed = []
    dropped = 0
    gate = new NewestFirst({
      clock,
      budget: new TokenBucket(clock, 3, 2),
      pass: (item) => passed.push([item, clock.now()]),
      dropped: () => dropped++,
    })
  })

  it('lets the newest of what is too much pass once it may, and drops the rest', () => {
    for (const item of 'abcdef') offer(item)
    clock.advance(1_000)
    expect(passed.map(([item]) => item)).toEqual(['a', 'b', 'f'])
    expect(passed[2]?.[1]).toBe(334)
    expect(dropped).toBe(3)
    expect(clock.pendingTimers).toBe(0)
  })

  it('never lets an older item pass after a newer one', () => {
    const seen = (): string => passed.map(([item]) => item).join('')
    for (const item of 'abcdefghijklmnopqrstuvwxyz') {
      offer(item)
      clock.advance(100)
    }
    clock.advance(1_000)
    expect(seen()).toBe(Array.from(seen()).sort().join(''))
    expect(seen().endsWith('z')).toBe(true)
    expect(passed.length + dropped).toBe(26)
  })

  it('forgets what waits when it is cleared, and leaves no timer', () => {
    for (const item of 'abc') offer(item)
    gate.clear()
    gate.clear()
    expect(clock.pendingTimers).toBe(0)
    clock.advance(1_000)
    expect(passed).toHaveLength(2)
  })

  it('drops what is larger than the whole budget instead of keeping it', () => {
    gate.hold('huge', 3)
    expect([dropped, clock.pendingTimers]).toEqual([1, 0])
  })
})

describe('MessageBudget', () => {
  it('allows what both messages and bytes allow, and touches neither otherwise', () => {
    const budget = new MessageBudget(new TokenBucket(clock, 1, 3), new TokenBucket(clock, 10, 100))
    expect([budget.tryTake(101), budget.tryTake(90), budget.tryTake(20), budget.tryTake(10)]).toEqual([
      false,
      true,
      false,
      true,
    ])
    expect(budget.waitMs(20)).toBe(2_000)
    expect([budget.tryTake(0), budget.tryTake(0)]).toEqual([true, false])
    expect(budget.waitMs(0)).toBe(1_000)
    expect(budget.waitMs(101)).toBe(Infinity)
  })
})
