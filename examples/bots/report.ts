import { countLinks, type Bot, type BotSnapshot } from './bot.ts'
import { ErrorHistogram } from './errorHistogram.ts'

/** Percentiles; null where nothing was measured. */
export interface Percentiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** What a fleet measured, over all its bots. */
export interface FleetReport {
  /** Bots in the convoy. */
  readonly members: number
  /** Pairs of bots with a link open on both sides; 28 for 8. */
  readonly links: number
  /** From asking to join until admitted. */
  readonly joinMs: Omit<Percentiles, 'p95'>
  readonly updatesSent: number
  readonly updatesReceived: number
  /** Updates that arrived and counted, of those sent. */
  readonly deliveryPercent: number
  /** How far bots were drawn from where they were at that moment, over all frames. */
  readonly positionErrorCm: Percentiles
  /** Vehicles drawn, of those that should have been in each frame. */
  readonly drawnPercent: number
  /** Payload a bot sent to all others together, kilobits per second. */
  readonly kbpsUpPerPeer: number
  readonly errors: readonly string[]
}

/** Adds up what all `bots` measured. */
export function reportOf(
  bots: readonly Bot[],
  snapshots: readonly BotSnapshot[],
  problems: readonly string[],
): FleetReport {
  const errors = new ErrorHistogram()
  for (const snapshot of snapshots) errors.addPairs(snapshot.positionErrors)
  const sum = (of: (snapshot: BotSnapshot) => number): number =>
    snapshots.reduce((all, one) => all + of(one), 0)
  const updatesSent = sum((snapshot) => snapshot.updatesSent)
  const updatesReceived = sum((snapshot) => snapshot.updatesReceived)
  const joins = bots.flatMap((bot) => bot.joinMs ?? [])
  const rates = snapshots.map(({ bytesSent, measuredMs }) => (bytesSent * 8) / Math.max(1, measuredMs))
  const centimetres = (share: number): number | null => rounded(errors.percentile(share), 2)
  return {
    members: bots.length,
    links: countLinks(snapshots),
    joinMs: { p50: rounded(nearestRank(joins, 0.5), 1), p99: rounded(nearestRank(joins, 0.99), 1) },
    updatesSent,
    updatesReceived,
    // Some were on their way already when measuring began.
    deliveryPercent: Math.min(100, percent(updatesReceived, updatesSent)),
    positionErrorCm: { p50: centimetres(0.5), p95: centimetres(0.95), p99: centimetres(0.99) },
    drawnPercent: percent(
      sum((snapshot) => snapshot.draws),
      sum((snapshot) => snapshot.drawsExpected),
    ),
    kbpsUpPerPeer: rounded(sum1(rates) / Math.max(1, rates.length), 2) ?? 0,
    errors: [...problems, ...snapshots.flatMap((snapshot) => snapshot.problems)],
  }
}

function sum1(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0)
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (rounded((100 * part) / whole, 2) ?? 0)
}

/** The value at rank ⌈share × count⌉; undefined of none. */
function nearestRank(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits))
}
