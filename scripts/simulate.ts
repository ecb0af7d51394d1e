import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { choice, fail, wholeNumberIn } from '../examples/support/arguments.ts'
import { Progress } from '../examples/support/progress.ts'
import { runProgram } from '../examples/support/program.ts'
import type { Fault } from '../lib/session/environment.ts'
import { TraceHash } from '../lib/testing/index.ts'
import { utf8 } from '../lib/core/index.ts'
import { generatePlan, type PeerRange } from '../test/simulate/generatePlan.ts'
import { minimise } from '../test/simulate/minimise.ts'
import { describePlan, parsePlan, type Plan } from '../test/simulate/plan.ts'
import type { SeedResult } from '../test/simulate/runSeed.ts'
import { runSeeds } from '../test/simulate/seedPool.ts'
import { simulate, type Outcome } from '../test/simulate/simulation.ts'

const usage = `npm run simulate -- [--seeds N] [--first S] [--peers A..B] [--workers N] [--fault NAME] [--json]
npm run simulate -- --seed S [--peers A..B] [--fault NAME] [--trace] [--json]
npm run simulate -- --plan PLAN [--fault NAME] [--trace] [--json]

Runs whole sessions on simulated time and network, with everything going wrong at random, and looks after every event whether a
promise of docs/protocol/11-simulation.md was broken. Ends with an exit code of 1 where one was; prints the shortest plan that breaks it.

  --seeds N    how many seeds (default 100)
  --first S    the first of them (default 1)
  --seed S     this one only, with its plan
  --plan PLAN  a plan as JSON, or a file with one
  --peers A..B sizes of the sessions (default 2..24)
  --workers N  processes to run seeds on (default: one a core)
  --fault NAME break a promise in every member: no-fencing, foreign-tickets, double-votes or two-voters
  --trace      with --seed or --plan: tell on standard error what each member holds, whenever that changes
  --json       print one line of JSON
`

const faultNames: readonly Fault[] = ['no-fencing', 'foreign-tickets', 'double-votes', 'two-voters']
const mostSeed = 2 ** 31

await runProgram(main)

async function main(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      first: { type: 'string', default: '1' },
      seed: { type: 'string' },
      plan: { type: 'string' },
      peers: { type: 'string', default: '2..24' },
      workers: { type: 'string', default: String(availableParallelism()) },
      fault: { type: 'string' },
      trace: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    console.log(usage)
    return true
  }
  const faults = values.fault === undefined ? [] : [choice('fault', values.fault, faultNames)]
  const range = rangeOf(values.peers)
  const how = { faults, json: values.json === true, traces: values.trace === true }
  if (values.plan !== undefined) return replay(planOf(values.plan), how)
  if (values.seed !== undefined) {
    const seed = wholeNumberIn('seed', values.seed, 0, mostSeed)
    return replay(generatePlan(seed, range), how)
  }
  const seeds = wholeNumberIn('seeds', values.seeds, 1, 1e7)
  const first = wholeNumberIn('first', values.first, 0, mostSeed)
  const workers = wholeNumberIn('workers', values.workers, 1, 256)
  return hunt({ seeds, first, range, workers, faults, json: values.json === true }, interrupted)
}

interface Hunt {
  readonly seeds: number
  readonly first: number
  readonly range: PeerRange
  readonly workers: number
  readonly faults: readonly Fault[]
  readonly json: boolean
}

async function hunt(
  { seeds, first, range, workers, faults, json }: Hunt,
  interrupted: AbortSignal,
): Promise<boolean> {
  const startedAt = performance.now()
  const requests = Array.from({ length: seeds }, (_, index) => ({ seed: first + index, range, faults }))
  const results: SeedResult[] = []
  const progress = new Progress()
  await runSeeds(
    requests,
    workers,
    (result) => {
      results.push(result)
      progress.show(`${results.length} of ${seeds} seeds, ${results.filter(isBad).length} bad`)
      return true
    },
    interrupted,
  )
  progress.clear()
  results.sort((a, b) => a.seed - b.seed)
  const bad = results.filter(isBad)
  const summary = {
    seeds: results.length,
    violations: bad.length,
    simulatedSeconds: Math.round(results.reduce((sum, { simulatedMs }) => sum + simulatedMs, 0) / 1_000),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    replayed: results.filter(({ replayed }) => replayed).length,
    hash: hashOf(results),
    counts: sumOf(results),
    failures: bad.map(({ seed, violations, diverged }) => ({
      seed,
      ...(violations[0] ?? {}),
      ...(diverged ? { diverged } : {}),
    })),
  }
  const [worst] = bad
  if (worst !== undefined) await explain(generatePlan(worst.seed, range), worst, faults)
  if (json) console.log(JSON.stringify(summary))
  else {
    console.log(
      `${summary.seeds} seeds, ${summary.simulatedSeconds} simulated seconds in ${summary.seconds} s: ` +
        `${summary.violations} broke a promise (${summary.hash})`,
    )
  }
  return bad.length === 0 && results.length === seeds
}

interface Replay {
  readonly faults: readonly Fault[]
  readonly json: boolean
  readonly traces: boolean
}

async function replay(plan: Plan, { faults, json, traces }: Replay): Promise<boolean> {
  const trace = traces ? (line: string): void => console.error(line) : undefined
  const outcome = await simulate(plan, { faults: new Set(faults), trace })
  const again = await simulate(plan, { faults: new Set(faults) })
  const { violations, hash, counts } = outcome
  const same = hash === again.hash
  if (json) console.log(JSON.stringify({ seeds: 1, violations: violations.length, hash, same, counts }))
  else {
    for (const line of describePlan(plan)) console.log(line)
    for (const violation of violations) console.log(describe(violation))
    console.log(
      `${violations.length} promises broken; hash ${hash}, ${same ? 'twice' : `then ${again.hash}`}`,
    )
  }
  return violations.length === 0 && same
}

/** Prints, on standard error, the shortest plan that breaks the same promise, and how to run it. */
async function explain(plan: Plan, { violations }: Outcome, faults: readonly Fault[]): Promise<void> {
  const [violation] = violations
  if (violation === undefined) {
    console.error(`Seed ${plan.seed} came to different ends: something besides the seed has a say.`)
    return
  }
  const options = { faults: new Set(faults) }
  const least = await minimise(plan, violation.invariant, (candidate) => simulate(candidate, options))
  const [broken] = (await simulate(least, options)).violations
  const fault = faults.map((name) => ` --fault ${name}`).join('')
  console.error(`Seed ${plan.seed}: ${describe(violation)}`)
  console.error(`The shortest plan found that breaks the same promise:`)
  for (const line of describePlan(least)) console.error(line)
  if (broken !== undefined) console.error(describe(broken))
  console.error(`Replay it: npm run simulate --${fault} --plan '${JSON.stringify(least)}'`)
  console.error(`The whole seed: npm run simulate --${fault} --seed ${plan.seed}`)
}

function describe({ invariant, at, who, detail }: Outcome['violations'][number]): string {
  return `[${invariant}] at ${(at / 1_000).toFixed(2)} s ${who} ${detail}`
}

function isBad({ violations, diverged }: SeedResult): boolean {
  return violations.length > 0 || diverged
}

function hashOf(results: readonly SeedResult[]): string {
  const hash = new TraceHash()
  for (const result of results) hash.addBytes(utf8(result.hash))
  return hash.toString()
}

function sumOf(results: readonly SeedResult[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { counts } of results) {
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}

function planOf(text: string): Plan {
  try {
    return parsePlan(existsSync(text) ? readFileSync(text, 'utf8') : text)
  } catch (error) {
    return fail(
      `--plan takes a plan as JSON, or a file with one: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

function rangeOf(text: string): PeerRange {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  const [least, most] = [Number(match?.[1]), Number(match?.[2])]
  if (!(least >= 2 && most >= least && most <= 24)) fail(`--peers takes a range within 2..24, not "${text}".`)
  return { least, most }
}
