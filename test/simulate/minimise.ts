import type { Plan } from './plan.ts'
import type { Invariant } from './ledger.ts'
import type { Outcome } from './simulation.ts'

/** How many runs minimising takes at most: a plan of thirty steps is through after about a hundred. */
const mostRuns = 200

/** Conditions that a plan gets where they don't matter: a delay, so that there is an order, and nothing else. */
const plainConditions = { delayMs: 20, jitterMs: 0, lossPercent: 0, duplicatePercent: 0, reorderPercent: 0 }

/**
 * The shortest plan found that breaks the same promise: delta debugging (Zeller's ddmin) over its steps, then plainer
 * conditions and fewer processes.
 * @param run - runs a plan.
 */
export async function minimise(
  plan: Plan,
  invariant: Invariant,
  run: (plan: Plan) => Promise<Outcome>,
): Promise<Plan> {
  let runs = 0
  const fails = async (candidate: Plan): Promise<boolean> => {
    if (++runs > mostRuns) return false
    const { violations } = await run(candidate)
    return violations.some((violation) => violation.invariant === invariant)
  }
  let best = plan
  const take = async (candidate: Plan): Promise<boolean> => {
    if (!(await fails(candidate))) return false
    best = candidate
    return true
  }
  let parts = 2
  while (best.steps.length > 1) {
    const size = Math.ceil(best.steps.length / parts)
    let shorter = false
    for (let start = 0; start < best.steps.length && !shorter; start += size) {
      const steps = best.steps.filter((_, index) => index < start || index >= start + size)
      shorter = await take({ ...best, steps })
    }
    if (shorter) parts = Math.max(2, parts - 1)
    else if (size === 1) break
    else parts = Math.min(best.steps.length, parts * 2)
  }
  await take({ ...best, conditions: plainConditions })
  await take({ ...best, byzantine: null })
  while (best.processes > 2 && !mentions(best, best.processes - 1)) {
    if (!(await take({ ...best, processes: best.processes - 1 }))) break
  }
  return best
}

function mentions({ steps, byzantine }: Plan, number: number): boolean {
  const refs = steps.flatMap((step) => {
    if (step.do === 'partition') return step.groups.flat()
    if (step.do === 'deafen') return [...step.from, ...step.to]
    return 'who' in step ? [step.who] : []
  })
  return byzantine === number || refs.includes(number)
}
