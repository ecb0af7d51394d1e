import { describe, expect, it } from 'vitest'
import type { Fault } from '../../lib/session/environment.ts'
import { generatePlan } from './generatePlan.ts'
import type { Violation } from './ledger.ts'
import { simulate } from './simulation.ts'

/** Seeds within which each has to be found. */
const mostSeeds = 200
/** Larger sessions find no more, and take longer. */
const range = { least: 3, most: 6 }
const timeoutMs = 600_000

/** The first seed that breaks a promise with `fault` and keeps all without. */
async function find(fault: Fault): Promise<{ seed: number; violation: Violation } | undefined> {
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const plan = generatePlan(seed, range)
    const [violation] = (await simulate(plan, { faults: new Set([fault]) })).violations
    if (violation === undefined) continue
    if ((await simulate(plan)).violations.length === 0) return { seed, violation }
  }
  return undefined
}

describe('a simulation that would find nothing proves nothing:', () => {
  it.each([
    ['members that follow a lower epoch', 'no-fencing', 'INV-6'],
    ['tickets of a former incarnation', 'foreign-tickets', 'INV-4'],
    ['a vote that counts twice', 'double-votes', 'INV-1'],
    ['two voters changed at once', 'two-voters', 'INV-3'],
  ] as const)(
    'it finds %s (%s) within 200 seeds',
    async (_, fault, invariant) => {
      expect((await find(fault))?.violation.invariant).toBe(invariant)
    },
    timeoutMs,
  )
})
