import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SerialQueue, TokenBucket } from '../../lib/core/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

describe('SerialQueue', () => {
  const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

  it('runs one task at a time, in the order they were added, however long each takes', async () => {
    const queue = new SerialQueue(() => expect.unreachable())
    const steps: string[] = []
    for (const [name, ticks] of [['slow', 3] as const, ['quick', 0] as const, ['middling', 1] as const]) {
      queue.add(async () => {
        steps.push(`${name} starts`)
        for (let count = 0; count < ticks; count++) await tick()
        steps.push(`${name} ends`)
      })
    }
    expect(queue.length).toBe(3)
    await queue.idle()
    expect(steps).toEqual([
      'slow starts',
      'slow ends',
      'quick starts',
      'quick ends',
      'middling starts',
      'middling ends',
    ])
    expect(queue.length).toBe(0)
  })

  it('goes on after a task that throws or rejects, and tells of each', async () => {
    const errors: unknown[] = []
    const queue = new SerialQueue((error) => errors.push(error))
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
    let ran = false
    queue.add(() => {
      throw thrown
    })
    queue.add(() => Promise.reject(rejected))
    queue.add(() => {
      ran = true
    })
    await queue.idle()
    expect(errors).toEqual([thrown, rejected])
    expect(ran).toBe(true)
    expect(queue.length).toBe(0)
  })

  it('goes on even when whoever is told of a failure fails as well', async () => {
    const queue = new SerialQueue(() => {
      throw new Error('a logger that is broken')
    })
    let ran = false
    queue.add(() => Promise.reject(new Error('task')))
    queue.add(() => {
      ran = true
    })
    await queue.idle()
    expect(ran).toBe(true)
  })
})

describe('TokenBucket', () => {
  it('allows its burst at once, then its rate, and never saves up more than its burst', () => {
    const clock = new SimulatedClock()
    const bucket = new TokenBucket(clock, 10, 3)
    const takeAll = (): number => {
      let taken = 0
      while (bucket.tryTake()) taken++
      return taken
    }
    expect(takeAll()).toBe(3)
    clock.advance(100)
    expect(takeAll()).toBe(1)
    clock.advance(60_000)
    expect(takeAll()).toBe(3)
  })

  it('takes nothing where there is not enough', () => {
    const bucket = new TokenBucket(new SimulatedClock(), 1, 5)
    expect(bucket.tryTake(6)).toBe(false)
    expect(bucket.tryTake(5)).toBe(true)
    expect(bucket.tryTake(0.5)).toBe(false)
  })

  it('never gives out more than its burst and its rate together, whatever the timing', () => {
    const step = fc.record({ waitMs: fc.nat(500), amount: fc.nat(4) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const clock = new SimulatedClock()
        const bucket = new TokenBucket(clock, 5, 8)
        let taken = 0
        for (const { waitMs, amount } of steps) {
          clock.advance(waitMs)
          if (bucket.tryTake(amount)) taken += amount
        }
        expect(taken).toBeLessThanOrEqual(8 + (clock.now() * 5) / 1_000 + 1e-6)
      }),
    )
  })
})
