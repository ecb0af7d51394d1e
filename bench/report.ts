import { cpus, totalmem } from 'node:os'
import type { Figure } from './benchmark.ts'

/** What a benchmark ends with. */
export interface Report {
  bench: string
  machine: Readonly<Record<string, string | number>>
  figures: Figure[]
}

export function reportOf(bench: string, figures: readonly Figure[]): Report {
  return { bench, machine: machine(), figures: figures.map(rounded) }
}

/** The figures as text, a line each. */
export function tableOf(figures: readonly Figure[]): string {
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

function machine(): Report['machine'] {
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
