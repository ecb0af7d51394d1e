import { describe, expect, it } from 'vitest'
import { generatePlan } from './generatePlan.ts'
import { minimise } from './minimise.ts'
import { parsePlan, type Plan } from './plan.ts'
import { simulate, type Outcome } from './simulation.ts'

const range = { least: 2, most: 24 }
const seeds = Array.from({ length: 400 }, (_, seed) => seed)

describe('the plan of a seed', () => {
  it('is the same each time, and another for each seed', () => {
    expect(generatePlan(7, range)).toEqual(generatePlan(7, range))
    expect(new Set(seeds.map((seed) => JSON.stringify(generatePlan(seed, range)))).size).toBe(seeds.length)
  })

  it('lasts more than 30 s, of which nothing goes wrong in the last 12 s', () => {
    for (const seed of seeds) {
      const { durationMs, faultsEndAtMs, steps } = generatePlan(seed, range)
      expect(durationMs).toBeGreaterThan(30_000)
      expect(faultsEndAtMs).toBe(durationMs - 12_000)
      for (const { at } of steps) expect(at).toBeLessThan(faultsEndAtMs)
    }
  })

  it('has all sizes that were asked for, mostly small ones, and some with real signatures', () => {
    const plans = seeds.map((seed) => generatePlan(seed, range))
    const sizes = plans.map(({ processes }) => processes)
    expect(Math.min(...sizes)).toBe(2)
    expect(Math.max(...sizes)).toBeGreaterThan(16)
    expect(sizes.filter((size) => size <= 5).length).toBeGreaterThan(seeds.length / 2)
    expect(plans.some(({ signatures }) => signatures === 'ed25519')).toBe(true)
    const narrow = seeds.map((seed) => generatePlan(seed, { least: 3, most: 4 }).processes)
    expect(new Set(narrow)).toEqual(new Set([3, 4]))
  })

  it('is text that can be read back, and nothing else is a plan', () => {
    const plan = generatePlan(3, range)
    expect(parsePlan(JSON.stringify(plan))).toEqual(plan)
    expect(() => parsePlan('{"seed":1}')).toThrow()
    expect(() => parsePlan('nonsense')).toThrow()
  })

  it('[SIM-1] comes to the same hash each time it is run', async () => {
    const plan = generatePlan(16, { least: 3, most: 5 })
    const { hash } = await simulate(plan)
    expect((await simulate(plan)).hash).toBe(hash)
    expect((await simulate({ ...plan, seed: 17 })).hash).not.toBe(hash)
  }, 60_000)
})

describe('a plan that breaks a promise', () => {
  const outcome = (plan: Plan, broken: boolean): Outcome => ({
    seed: plan.seed,
    hash: '',
    counts: {},
    violations: broken ? [{ invariant: 'INV-3', at: 0, who: 'P0', detail: '' }] : [],
  })

  it('is cut down to the steps that it takes', async () => {
    const plan = generatePlan(8, { least: 6, most: 8 })
    const needed = [plan.steps[2], plan.steps.at(-2)]
    const { steps } = await minimise(plan, 'INV-3', (candidate) =>
      Promise.resolve(
        outcome(
          candidate,
          needed.every((step) => candidate.steps.some((each) => each === step)),
        ),
      ),
    )
    expect(steps).toEqual(needed)
  })

  it('is left alone where it takes every step', async () => {
    const plan = generatePlan(9, { least: 3, most: 3 })
    const least = await minimise(plan, 'INV-3', (candidate) =>
      Promise.resolve(outcome(candidate, JSON.stringify(candidate) === JSON.stringify(plan))),
    )
    expect(least).toEqual(plan)
  })
})
