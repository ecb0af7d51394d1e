import type { FaultKind } from './schedule.ts'

/** What came of a run. */
export interface ChaosReport {
  readonly peers: number
  /** How long faults went on, s. */
  readonly seconds: number
  readonly seed: number
  readonly engine: string
  /** Whether each member had a network of its own. */
  readonly network: 'namespaces' | 'loopback'
  /** How often each kind of fault came. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  /** How many of them hit whoever was host then. */
  readonly hostFaults: number
  /** Kinds that could not be had, and why; null where all could. */
  readonly skipped: { readonly kinds: readonly FaultKind[]; readonly reason: string } | null
  /** The last epoch: each change of host raises it, and so does each election that came to nothing. */
  readonly epoch: number
  readonly hostChanges: number
  /** Decisions that a host said were made; none of them may be lost. */
  readonly decisions: number
  /** Times that the banned one was turned away. */
  readonly refusals: number
  /** From the end of the last fault until all agreed, and went on to; null when they did not in time. */
  readonly recoveredMs: number | null
  /** Members that live in the end. */
  readonly survivors: number
  /** What must not be; empty when all is well. */
  readonly problems: readonly string[]
}

/** For people. */
export function describeReport(report: ChaosReport): string {
  const { faults, hostFaults, skipped, hostChanges, decisions, refusals, recoveredMs, survivors, problems } =
    report
  const counts = Object.entries(faults).map(([kind, count]) => `${count} × ${kind}`)
  const recovery =
    recoveredMs === null
      ? 'They did not come to agree.'
      : `All ${survivors} survivors agreed ${(recoveredMs / 1_000).toFixed(1)} s after the last fault was over.`
  return [
    `${counts.join(', ')}; ${hostFaults} of them hit the host.`,
    ...(skipped === null ? [] : [`Skipped: ${skipped.kinds.join(', ')}, since ${skipped.reason}.`]),
    `${hostChanges} changes of host, ${decisions} decisions, the banned one was turned away ${refusals} times.`,
    recovery,
    ...problems,
  ].join('\n')
}
