import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseDrive, type Drive } from '../lib/testing/index.ts'
import type { Benchmark, Effort } from './benchmark.ts'
import { reportOf, tableOf, type Report } from './report.ts'

/**
 * Runs one benchmark, or all of them: `npm run bench -- [NAME] [--json] [--quick] [--drive FILE]`. With --json the last line
 * of a benchmark's output is `{"bench":…,"machine":{…},"figures":[…]}`, otherwise it is a table. With --write all of them
 * run, and docs/performance.md tells what came out.
 */

const notBenchmarks = ['run.ts', 'benchmark.ts', 'report.ts']

const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && !notBenchmarks.includes(file))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort()

interface Request extends Effort {
  /** Undefined for all of them. */
  name: string | undefined
  json: boolean
  write: boolean
  /** What was asked for, to be handed on. */
  options: readonly string[]
}

async function main(): Promise<number> {
  const request = parseRequest()
  if (request === undefined) return 2
  return request.name === undefined ? runAll(request) : runOne(request.name, request)
}

async function runOne(name: string, { json, ...effort }: Request): Promise<number> {
  const { default: benchmark } = (await import(`./${name}.ts`)) as { default: Benchmark }
  const missing = (benchmark.nodeFlags ?? []).filter((flag) => !process.execArgv.includes(flag))
  if (missing.length > 0) return (await again(process.argv.slice(2), missing, 'inherit')).code
  const report = reportOf(name, await benchmark.run(effort))
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : tableOf(report.figures))
  return 0
}

/** Each in a process of its own: none leaves the next one a heap to clean up. */
async function runAll({ json, write, options, ...effort }: Request): Promise<number> {
  const reports: Report[] = []
  for (const name of names) {
    const { code, lastLine } = await again([name, '--json', ...options], [], 'pipe')
    if (code !== 0) {
      process.stderr.write(`The benchmark ${name} failed: see above.\n`)
      continue
    }
    const report = JSON.parse(lastLine) as Report
    reports.push(report)
    process.stdout.write(json ? `${lastLine}\n` : `${name}\n${tableOf(report.figures)}\n`)
  }
  if (reports.length < names.length) return 1
  if (write) {
    // Loaded only now: it brings all baselines and a formatter along.
    const { writePage } = await import('./page/page.ts')
    await writePage(new URL('../docs/', import.meta.url), reports, effort)
  }
  return 0
}

function parseRequest(): Request | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        drive: { type: 'string' },
      },
    })
    const [name] = positionals
    const isKnown = name === undefined || names.includes(name)
    const { json, quick, write } = values
    if (positionals.length <= 1 && isKnown && !(write && (quick || name !== undefined))) {
      const options = [
        ...(quick ? ['--quick'] : []),
        ...(values.drive === undefined ? [] : ['--drive', values.drive]),
      ]
      return { name, json, quick, write, options, ...readDrive(values.drive) }
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  }
  process.stderr.write(
    'Usage: npm run bench -- [NAME] [--json] [--quick] [--drive FILE], or npm run bench -- --write [--drive FILE].\n' +
      `NAME is one of: ${names.join(', ')}; without it, all of them run.\n` +
      'FILE is a recorded drive: rows of epoch in seconds, speed in m/s.\n',
  )
  return undefined
}

function readDrive(file: string | undefined): { drive?: Drive } {
  return file === undefined ? {} : { drive: parseDrive(readFileSync(file, 'utf8')) }
}

/** Runs this program again, in another Node. */
function again(
  args: readonly string[],
  flags: readonly string[],
  stdout: 'inherit' | 'pipe',
): Promise<{ code: number; lastLine: string }> {
  const program = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [...process.execArgv, ...flags, program, ...args], {
    stdio: ['inherit', stdout, 'inherit'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // Ctrl-C reaches both: the child ends, then this one with its code.
  process.once('SIGINT', () => undefined)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code: code ?? 1, lastLine: output.trim().split('\n').at(-1) ?? '' }),
    )
  })
}

process.exitCode = await main()
