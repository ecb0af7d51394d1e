import type { Fault } from '../../lib/session/environment.ts'
import { generatePlan, type PeerRange } from './generatePlan.ts'
import { simulate, type Outcome } from './simulation.ts'

/** One session in so many is run twice: the same seed has to come to the same. */
const replayEvery = 50

/** A seed to run, as a process is asked for it. */
export interface SeedRequest {
  readonly seed: number
  readonly range: PeerRange
  readonly faults: readonly Fault[]
}

/** What came of it. */
export interface SeedResult extends Outcome {
  readonly simulatedMs: number
  /** Whether it was run twice, and came to another hash the second time. */
  readonly replayed: boolean
  readonly diverged: boolean
}

/** Runs the plan of a seed, some of them twice. */
export async function runSeed({ seed, range, faults }: SeedRequest): Promise<SeedResult> {
  const plan = generatePlan(seed, range)
  const options = { faults: new Set(faults) }
  const outcome = await simulate(plan, options)
  const replayed = seed % replayEvery === 0
  const diverged = replayed && (await simulate(plan, options)).hash !== outcome.hash
  return { ...outcome, simulatedMs: plan.durationMs, replayed, diverged }
}
