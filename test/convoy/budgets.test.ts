import { describe, expect, it } from 'vitest'
import { hostConvoy, joinConvoy, type Budgets, type Convoy } from '../../lib/index.ts'
import { linkBudgetRanges } from '../../lib/rtc/index.ts'
import { memberBudgetRanges } from '../../lib/session/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

const ranges = { ...linkBudgetRanges, ...memberBudgetRanges }

describe('budgets', () => {
  it('have defaults that are within their range', () => {
    for (const [name, { default: usual, least, most }] of Object.entries(ranges)) {
      expect(usual, name).toBeGreaterThanOrEqual(least)
      expect(usual, name).toBeLessThanOrEqual(most)
    }
  })

  it('that are unknown, no numbers or out of range are refused by name, before anyone is asked', async () => {
    const world = new SimulatedWorld()
    const anna = await world.host('Anna')
    const wrong: Record<string, unknown>[] = [{ everything: 1 }, { constructor: 1 }]
    for (const [name, { least, most }] of Object.entries(ranges))
      for (const value of [least - 0.01, most + 1, Number.NaN, Infinity, '300', null])
        wrong.push({ [name]: value })
    for (const budgets of wrong as Partial<Budgets>[]) {
      const expected = expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringContaining(Object.keys(budgets)[0] ?? '') as string,
      }) as Error
      await expect(joinConvoy(anna.invite, { name: 'Ben', budgets })).rejects.toEqual(expected)
      await expect(hostConvoy({ name: 'Ben', rendezvous: [], budgets })).rejects.toEqual(expected)
    }
    await world.close()
  })

  it('bind links, members and strangers of the convoy that they were handed to, and no other', async () => {
    const world = new SimulatedWorld()
    const budgets: Partial<Budgets> = {
      stateDatagramsPerSecond: 30,
      stateDatagramsAtOnce: 30,
      knocksAtOnce: 1,
    }
    const anna = await world.host('Anna', { budgets })
    const knocks = ['Ben', 'Cem'].map((name) =>
      joinConvoy(anna.invite, { ...world.parts(name), rendezvous: world.hub.rendezvous() }).then(
        (convoy) => convoy,
        (error: unknown) => error,
      ),
    )
    const came = await world.clock.complete(Promise.all(knocks))
    expect(anna.stats().dropped['knock-busy']).toBe(1)
    const joined = came.filter((each): each is Convoy => !(each instanceof Error))
    expect(joined).toHaveLength(1)
    const [ben] = joined
    for (let index = 0; index < 100; index++) {
      ben?.channel(`c${index}`, { schema: anything, reliable: false, rate: 1 }).send(1)
    }
    await world.clock.run(2_000)
    const [link] = anna.stats().links
    expect(link?.dropped.flood).toBeGreaterThan(50)
    expect(anna.stats().dropped.flood).toBe(link?.dropped.flood)
    await world.clock.complete(Promise.all(joined.map((convoy) => convoy.close())))
    await world.clock.run(2_000)
    // The link is gone; what it dropped is not forgotten.
    expect(anna.stats().links).toEqual([])
    expect(anna.stats().dropped.flood).toBe(link?.dropped.flood)
    await world.close()
    expect(world.clock.pendingTimers).toBe(0)
  })
})

const anything = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const
