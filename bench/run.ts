import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Benchmark, Figure } from './benchmark.ts'

/**
 * Runs one benchmark: `npm run bench -- NAME [--json] [--quick]`. With --json the last line of the output is
 * `{"bench":…,"machine":{…},"figures":[…]}`, otherwise it is a table.
 */

const notBenchmarks = ['run.ts', 'benchmark.ts']

async function main(): Promise<number> {
  const request = parseRequest()
  if (request === undefined) return 2
  const { name, json, quick } = request
  const { default: benchmark } = (await import(`./${name}.ts`)) as { default: Benchmark }
  const missing = (benchmark.nodeFlags ?? []).filter((flag) => !process.execArgv.includes(flag))
  if (missing.length > 0) return again(missing)
  const figures = await benchmark.run({ quick })
  const report = { bench: name, machine: machine(), figures: figures.map(rounded) }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : table(report.figures))
  return 0
}

function parseRequest(): { name: string; json: boolean; quick: boolean } | undefined {
  const names = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !notBenchmarks.includes(file))
    .map((file) => file.slice(0, -'.ts'.length))
  const usage = `Usage: npm run bench -- NAME [--json] [--quick], where NAME is one of: ${names.join(', ')}\n`
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
    })
    const [name] = positionals
    if (positionals.length === 1 && name !== undefined && names.includes(name)) return { name, ...values }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  }
  process.stderr.write(usage)
  return undefined
}

/** Runs this same command in a Node with further flags; gives its exit code. */
function again(flags: readonly string[]): Promise<number> {
  const program = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [...process.execArgv, ...flags, program, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  // Ctrl-C reaches both: the child ends, then this one with its code.
  process.once('SIGINT', () => undefined)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

function machine(): Record<string, string | number> {
  const processors = cpus()
  return {
    platform: `${process.platform}-${process.arch}`,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  }
}

/** Four digits are more than any of this is good for. */
function rounded(figure: Figure): Figure {
  const round = (value: number): number => Number(value.toPrecision(4))
  const baselines = Object.entries(figure.baselines).map(([name, value]) => [name, round(value)] as const)
  return { ...figure, value: round(figure.value), baselines: Object.fromEntries(baselines) }
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    figure.scenario,
    `${figure.value} ${figure.unit}`,
    Object.entries(figure.baselines)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  ])
  const all = [['figure', 'scenario', 'value', 'baselines'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return `${all.map(line).join('\n')}\n`
}

process.exitCode = await main()
