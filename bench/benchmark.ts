import type { Drive } from '../lib/testing/index.ts'

/** One measured number and the same of what it is compared to, in the same unit. */
export interface Figure {
  name: string
  /** What was done; empty where there is only one way. */
  scenario: string
  value: number
  unit: string
  baselines: Record<string, number>
}

/** How thorough a run is. */
export interface Effort {
  /** Seconds are enough: for checking that it runs, not for comparing. */
  quick: boolean
  /** A recording whose speeds are to be driven, where the benchmark drives; one is made up where there is none. */
  drive?: Drive
}

/** One file of this folder. */
export interface Benchmark {
  /** Flags of Node that it can't measure without. */
  nodeFlags?: readonly string[]
  run(effort: Effort): Figure[] | Promise<Figure[]>
}

/** The middle of `values`. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** The `share` quantile of `values`: 0.99 for what all but one in a hundred stay below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/**
 * Runs each contender in turn, `rounds` times over, the first one another each time, and gives the median of
 * what each one's runs returned: whatever slows the machine for a while slows all of them.
 */
export function interleavedMedians<Name extends string>(
  contenders: Readonly<Record<Name, () => number>>,
  rounds: number,
): Record<Name, number> {
  const names = Object.keys(contenders) as Name[]
  const results = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]
      if (name !== undefined) results.get(name)?.push(contenders[name]())
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(results.get(name) ?? [])])) as Record<
    Name,
    number
  >
}
