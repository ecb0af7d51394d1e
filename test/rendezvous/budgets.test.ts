import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../lib/core/index.ts'
import { AddressBuckets } from '../../lib/rendezvous/addressBuckets.ts'
import { AddressBudgets } from '../../lib/rendezvous/addressBudgets.ts'
import { rememberedAddresses } from '../../lib/rendezvous/constants.ts'
import { TrafficBudget } from '../../lib/rendezvous/trafficBudget.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'

const rates = { framesPerSecond: 10, framesBurst: 20, bytesPerSecond: 1_000, bytesBurst: 3_000 }

describe('a traffic budget', () => {
  it('[RDV-25] allows what two token buckets would, of frames and of bytes', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 1_500 })))
    fc.assert(
      fc.property(steps, (sent) => {
        const clock = new SimulatedClock()
        const budget = new TrafficBudget(rates, clock.now())
        const frames = new TokenBucket(clock, rates.framesPerSecond, rates.framesBurst)
        const bytes = new TokenBucket(clock, rates.bytesPerSecond, rates.bytesBurst)
        for (const [waitMs, size] of sent) {
          clock.advance(waitMs)
          expect(budget.tryTake(clock.now(), size)).toBe(frames.tryTake() && bytes.tryTake(size))
        }
      }),
    )
  })
})

describe('the budgets of addresses', () => {
  it('[RDV-38] outlive the sockets that used them up, until they are full again', () => {
    const budgets = new AddressBudgets(rates)
    const first = budgets.join('a', 0)
    for (let count = 0; count < 20; count++) expect(first.tryTake(0, 1)).toBe(true)
    budgets.leave('a')
    budgets.forgetFull(500)
    expect(budgets.join('a', 500)).toBe(first)
    budgets.leave('a')
    budgets.forgetFull(5_000)
    expect(budgets.join('a', 5_000)).not.toBe(first)
  })

  it('[RDV-38] are not forgotten while a socket has them', () => {
    const budgets = new AddressBudgets(rates)
    const budget = budgets.join('a', 0)
    budgets.join('a', 0)
    budgets.leave('a')
    budgets.forgetFull(60_000)
    expect(budgets.join('a', 60_000)).toBe(budget)
  })
})

describe('the buckets of addresses', () => {
  it('[RDV-25] turn nobody away because somebody uses more addresses than are remembered', () => {
    const buckets = new AddressBuckets(new SimulatedClock(), 1, 2)
    for (let count = 0; count < 2 * rememberedAddresses; count++) buckets.tryTake(`attacker-${count}`)
    expect([1, 2, 3].map(() => buckets.tryTake('somebody'))).toEqual([true, true, false])
  })

  it('[RDV-25] remember best who was heard of last', () => {
    const buckets = new AddressBuckets(new SimulatedClock(), 1, 2)
    const eager = (): boolean => buckets.tryTake('eager')
    expect([eager(), eager(), eager()]).toEqual([true, true, false])
    for (let count = 0; count < 3; count++) {
      for (let other = 0; other < rememberedAddresses - 1; other++) buckets.tryTake(`${count}-${other}`)
      expect(eager()).toBe(false)
    }
  })
})
