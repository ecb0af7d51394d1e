import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { runProgram } from '../examples/support/program.ts'
import { Progress } from '../examples/support/progress.ts'
import { hostileCases } from '../test/hostile/cases.ts'
import { nodeEngines, type HostileCase, type NodeEngine } from '../test/hostile/hostileCase.ts'
import type { SetupResult } from '../test/hostile/setup/impairedSetup.ts'
import { repositoryRoot } from './run.ts'

const usage = `npm run test:hostile -- [--only TEXT] [--json]

Attacks links on both engines of Node, and sets up 100 links on each over a network that loses 20 % of the packets, doubles
5 %, delays them by 200 ms and changes their order. Takes about three minutes.

  --only TEXT  only attacks whose name or engine contains TEXT
  --json       print one line of JSON instead of a table
`

/** Links that are set up on each engine, and how many at a time. */
const setup = { count: 100, atOnce: 25 }

/** Longest that one attack, and setting up all links, may take, ms. */
const caseLimitMs = 60_000
const setupLimitMs = 180_000

const caseProgram = join(repositoryRoot, 'test', 'hostile', 'caseProcess.ts')

interface CaseResult {
  hostile: HostileCase
  ok: boolean
  message: string
  measured: Record<string, number>
}

await runProgram(main)

async function main(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help === true) {
    console.log(usage)
    return true
  }
  const progress = new Progress()
  const results = await runCases(values.only ?? '', progress, interrupted)
  const setups = {} as Record<NodeEngine, { ok: number; of: number }>
  for (const engine of ['werift', 'datachannel'] as const) {
    progress.show(`setting up ${setup.count} links on ${engine}`)
    setups[engine] = await setUp(engine, interrupted)
  }
  progress.clear()
  if (interrupted.aborted) return false
  const failed = results.filter(({ ok }) => !ok).length
  const passed = results.length - failed
  if (values.json === true) {
    console.log(JSON.stringify({ cases: results.length, passed, failed, setup: setups }))
  } else {
    for (const result of results) console.log(describe(result))
    for (const engine of nodeEngines) {
      console.log(`${setups[engine].ok} of ${setups[engine].of} links set up on ${engine}`)
    }
  }
  for (const result of results.filter(({ ok }) => !ok)) console.error(describe(result))
  return failed === 0 && nodeEngines.every((engine) => setups[engine].ok === setups[engine].of)
}

async function runCases(only: string, progress: Progress, interrupted: AbortSignal): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  // One after the other: some measure how late the event loop is.
  for (const [index, hostile] of hostileCases().entries()) {
    const label = `${hostile.engine}: ${hostile.name}`
    if (!label.includes(only) || interrupted.aborted) continue
    progress.show(label)
    results.push({ hostile, ...(await runCase(index, interrupted)) })
  }
  return results
}

async function runCase(index: number, signal: AbortSignal): Promise<Omit<CaseResult, 'hostile'>> {
  try {
    const line = await lastLineOf(['case', String(index)], caseLimitMs, signal)
    const { ok, message = '', measured = {} } = JSON.parse(line) as Partial<CaseResult>
    return { ok: ok === true, message, measured }
  } catch (error) {
    return { ok: false, message: `The process ended: ${String(error)}`, measured: {} }
  }
}

async function setUp(engine: NodeEngine, signal: AbortSignal): Promise<{ ok: number; of: number }> {
  const { count, atOnce } = setup
  try {
    const line = await lastLineOf(['setup', engine, String(count), String(atOnce)], setupLimitMs, signal)
    const { ok, of } = JSON.parse(line) as SetupResult
    return { ok, of }
  } catch (error) {
    console.error(`Setting up links on ${engine} ended: ${String(error)}`)
    return { ok: 0, of: count }
  }
}

async function lastLineOf(args: readonly string[], timeout: number, signal: AbortSignal): Promise<string> {
  const parameters = ['--conditions=openconvoy-source', caseProgram, ...args]
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout, signal })
  return stdout.trim().split('\n').at(-1) ?? ''
}

function describe({ hostile, ok, message, measured }: CaseResult): string {
  const figures = Object.entries(measured).map(([name, value]) => `${name} ${value}`)
  const outcome = ok ? figures.join(', ') : message
  return `${ok ? 'ok    ' : 'FAILED'} ${hostile.engine}: ${hostile.name}${outcome === '' ? '' : ` (${outcome})`}`
}
