import { parseArgs } from 'node:util'
import { fail, numberIn, wholeNumberIn } from '../examples/support/arguments.ts'
import { Progress } from '../examples/support/progress.ts'
import { runProgram } from '../examples/support/program.ts'
import { fuzzCodec } from '../test/fuzz/codecFuzz.ts'

const usage = `npm run fuzz -- codec [--inputs N] [--seconds N] [--seed N] [--json]

Feeds the receiver of vehicles valid, damaged and made-up payloads: never an exception, a hang, a pose out of range or memory that
grows without end. Ends at the first that breaks a promise, and prints it with its seed.

  --inputs N   how many payloads (default 10000000)
  --seconds N  ends after this time even if fewer were tried
  --seed N     where to begin (default 1)
  --json       print one line of JSON instead of a sentence
`

/** Inputs of one seed: a failure is found again within a moment. */
const inputsPerSeed = 100_000
/** Heap that may be in use beyond what the first round left there, bytes: what the engine compiles on the way. */
const heapSlack = 8 * 2 ** 20

await runProgram(main)

async function main(interrupted: AbortSignal): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      inputs: { type: 'string', default: '10000000' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    console.log(usage)
    return true
  }
  if (positionals.length !== 1 || positionals[0] !== 'codec') fail('Name what to fuzz: codec.')
  const inputs = wholeNumberIn('inputs', values.inputs, 1, 1e12)
  const seconds = values.seconds === undefined ? Infinity : numberIn('seconds', values.seconds, 0, 1e9)
  const firstSeed = wholeNumberIn('seed', values.seed, 1, 2 ** 31)

  const progress = new Progress()
  const startedAt = performance.now()
  const elapsed = (): number => (performance.now() - startedAt) / 1_000
  const totals = { inputs: 0, taken: 0, dropped: {} as Record<string, number> }
  let slowestRound = 0
  let firstHeap = Infinity
  let heapGrowth = 0
  for (let seed = firstSeed; totals.inputs < inputs && elapsed() < seconds && !interrupted.aborted; seed++) {
    const roundAt = performance.now()
    const report = fuzzCodec(Math.min(inputsPerSeed, inputs - totals.inputs), seed)
    slowestRound = Math.max(slowestRound, performance.now() - roundAt)
    totals.inputs += report.inputs
    totals.taken += report.taken
    for (const [reason, count] of Object.entries(report.dropped)) {
      totals.dropped[reason] = (totals.dropped[reason] ?? 0) + count
    }
    globalThis.gc?.()
    const heap = process.memoryUsage().heapUsed
    firstHeap = Math.min(firstHeap, heap)
    heapGrowth = heap - firstHeap
    if (heapGrowth > heapSlack) throw new Error(`Memory grew by ${heapGrowth} bytes up to seed ${seed}.`)
    progress.show(`${totals.inputs} inputs in ${elapsed().toFixed(0)} s`)
    // Ctrl-C is heard between rounds only.
    await new Promise((resolve) => setImmediate(resolve))
  }
  progress.clear()
  const result = {
    fuzz: 'codec',
    ...totals,
    seconds: Number(elapsed().toFixed(1)),
    slowestRoundMs: Math.round(slowestRound),
    heapGrowthBytes: heapGrowth,
  }
  if (values.json === true) console.log(JSON.stringify(result))
  else {
    console.log(
      `${result.inputs} inputs in ${result.seconds} s broke nothing: ${result.taken} updates taken, ` +
        Object.entries(result.dropped)
          .map(([reason, count]) => `${count} ${reason}`)
          .join(', '),
    )
  }
  return !interrupted.aborted
}
