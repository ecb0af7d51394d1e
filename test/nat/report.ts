import type { NatResult } from './runCase.ts'

/** What a run came to. */
export interface NatReport {
  readonly cases: number
  readonly passed: number
  readonly failed: number
  /** STUN requests that our service answered: there is no other one. */
  readonly stunAnswered: number | undefined
  readonly results: readonly NatResult[]
  /** Cases that can't run here, and why. */
  readonly skipped?: { readonly cases: number; readonly reason: string }
}

export function reportOf(results: readonly NatResult[], stunAnswered: number | undefined): NatReport {
  const passed = results.filter((result) => result.passed).length
  return { cases: results.length, passed, failed: results.length - passed, stunAnswered, results }
}

/** The report for people. */
export function describeReport({ results, passed, failed, stunAnswered, skipped }: NatReport): string {
  const rows = results.map((result) => [
    result.passed ? 'ok' : 'FAILED',
    result.name,
    result.engines.join(', '),
    result.outcome,
    result.tookMs === undefined ? '' : `${(result.tookMs / 1_000).toFixed(1)} s`,
    result.deliveredPercent === undefined ? '' : `${result.deliveredPercent} %`,
    result.rttMs === undefined ? '' : `${result.rttMs} ms`,
    result.candidates?.map((kinds) => kinds.join('+')).join(', ') ?? '',
  ])
  const head = ['', 'case', 'engines (host, joiner)', 'outcome', 'after', 'delivered', 'rtt', 'candidates']
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const details = results
    .filter((result) => !result.passed && result.detail !== undefined)
    .map(({ name, engines, detail }) => `${name} (${engines.join(', ')}): ${detail}`)
  const refusal = results.find(({ outcome, passed: asExpected }) => outcome === 'link-failed' && asExpected)
  return [
    ...lines,
    '',
    ...details,
    ...(refusal?.detail === undefined ? [] : [`Without a direct path the joiner is told: ${refusal.detail}`]),
    ...(skipped === undefined || skipped.cases === 0
      ? []
      : [`${skipped.cases} cases with a TURN server skipped: ${skipped.reason}.`]),
    `${passed} passed, ${failed} failed; our service answered ${stunAnswered ?? 'an unknown number of'} STUN requests.`,
  ].join('\n')
}
