import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../lib/core/index.ts'
import { ReplayGuard, VerificationBudget } from '../../lib/identity/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { alice, bob, vectorTime } from './support.ts'

const nonceOf = (number: number): Uint8Array => {
  const nonce = new Uint8Array(16)
  new DataView(nonce.buffer).setUint32(0, number)
  return nonce
}

describe('[IDN-10] ReplayGuard', () => {
  it('knows what it remembered, by signer and nonce', () => {
    const guard = new ReplayGuard()
    expect(guard.remember(alice.signKey, nonceOf(1), vectorTime + 1_000, vectorTime)).toBe(true)
    expect(guard.remember(alice.signKey, nonceOf(1), vectorTime + 1_000, vectorTime)).toBe(false)
    expect(guard.has(alice.signKey, nonceOf(1))).toBe(true)
    expect(guard.has(alice.signKey, nonceOf(2))).toBe(false)
    expect(guard.has(bob.signKey, nonceOf(1))).toBe(false)
  })

  it('holds no more than its capacity, forgetting the oldest first', () => {
    const guard = new ReplayGuard({ capacity: 3 })
    for (let number = 0; number < 5; number++) {
      guard.remember(alice.signKey, nonceOf(number), vectorTime + 1_000, vectorTime)
      expect(guard.size).toBeLessThanOrEqual(3)
    }
    expect([0, 1, 2, 3, 4].map((number) => guard.has(alice.signKey, nonceOf(number)))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
  })

  it('forgets what has expired', () => {
    const guard = new ReplayGuard()
    for (let number = 0; number < 100; number++) {
      guard.remember(alice.signKey, nonceOf(number), vectorTime + 1_000, vectorTime)
    }
    const hourLater = vectorTime + 3_600_000
    guard.remember(alice.signKey, nonceOf(100), hourLater + 1_000, hourLater)
    expect(guard.size).toBe(1)
  })
})

describe('[IDN-11] VerificationBudget', () => {
  const makeBudget = (maxSources?: number) => {
    const clock = new SimulatedClock()
    const sources = maxSources === undefined ? {} : { maxSources }
    return { clock, budget: new VerificationBudget({ clock, perSource: 4, windowMs: 1_000, ...sources }) }
  }
  const takeAll = (budget: VerificationBudget, source: string): number => {
    let taken = 0
    while (budget.tryTake(source)) taken++
    return taken
  }

  it('allows each source its share at once, and no more', () => {
    const { budget } = makeBudget()
    expect([takeAll(budget, 'a'), takeAll(budget, 'a'), takeAll(budget, 'b')]).toEqual([4, 0, 4])
  })

  it('fills up again evenly over its window, never above the share', () => {
    const { clock, budget } = makeBudget()
    takeAll(budget, 'a')
    clock.advance(250)
    expect(takeAll(budget, 'a')).toBe(1)
    clock.advance(500)
    expect(takeAll(budget, 'a')).toBe(2)
    clock.advance(60_000)
    expect(takeAll(budget, 'a')).toBe(4)
  })

  it('allows all sources together no more than they may', () => {
    const clock = new SimulatedClock()
    const inAll = new TokenBucket(clock, 2, 6)
    const budget = new VerificationBudget({ clock, perSource: 4, windowMs: 1_000, inAll })
    expect(['a', 'b', 'c'].map((source) => takeAll(budget, source))).toEqual([4, 2, 0])
    clock.advance(1_000)
    expect(takeAll(budget, 'd')).toBe(2)
  })

  it('tells no more sources apart than it may; those beyond share one budget', () => {
    const { budget } = makeBudget(10)
    let allowed = 0
    for (let number = 0; number < 1_000; number++) allowed += takeAll(budget, `source ${number}`)
    expect(budget.sources).toBe(10)
    expect(allowed).toBe(11 * 4)
  })

  it('gives no fresh budget to a source that lets others push it out', () => {
    const { budget } = makeBudget(10)
    takeAll(budget, 'a')
    for (let number = 0; number < 100; number++) budget.tryTake(`source ${number}`)
    expect(takeAll(budget, 'a')).toBe(0)
  })

  it('makes room for newcomers once others have been quiet for a window', () => {
    const { clock, budget } = makeBudget(10)
    for (let number = 0; number < 10; number++) takeAll(budget, `source ${number}`)
    clock.advance(1_000)
    expect(takeAll(budget, 'newcomer')).toBe(4)
    expect(budget.sources).toBe(1)
  })

  it('never allows more than a share at once plus what has filled up, whatever the timing', () => {
    const step = fc.record({ waitMs: fc.nat(400), takes: fc.nat(6) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, budget } = makeBudget()
        let taken = 0
        for (const { waitMs, takes } of steps) {
          clock.advance(waitMs)
          for (let take = 0; take < takes; take++) if (budget.tryTake('a')) taken++
        }
        expect(taken).toBeLessThanOrEqual(4 + (clock.now() * 4) / 1_000 + 1e-6)
      }),
    )
  })
})
