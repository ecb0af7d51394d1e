import type { Convoy } from 'openconvoy'

/** One bot as the program sees it, in this process or in its own. */
export interface Bot {
  /** Its number; 0 leads. */
  readonly index: number
  readonly memberId: string
  readonly name: string
  /** From asking to join until admitted; undefined for the host. */
  readonly joinMs: number | undefined
  /** Begins to measure, from zero: who the other bots are, by member id. */
  startMeasuring(cast: ReadonlyMap<string, number>): void
  /** What it has measured so far. */
  snapshot(): Promise<BotSnapshot>
  /** Leaves the convoy. Idempotent. */
  close(): Promise<void>
}

/** What a bot measured since it was told to. Plain data. */
export interface BotSnapshot {
  readonly memberId: string
  /** Members it has an open link to. */
  readonly linkedTo: readonly string[]
  readonly updatesSent: number
  readonly updatesReceived: number
  readonly bytesSent: number
  /** How far other bots were drawn from where they were, as `ErrorHistogram.toPairs`. */
  readonly positionErrors: readonly (readonly [bucket: number, count: number])[]
  /** Vehicles of other bots it should have drawn, and those it drew, summed over frames. */
  readonly drawsExpected: number
  readonly draws: number
  readonly measuredMs: number
  /** What went wrong, in words. */
  readonly problems: readonly string[]
}

/** Ids of those that `convoy` has an open link to. */
export function linkedTo(convoy: Convoy): string[] {
  return convoy.members.filter((member) => member.presence === 'connected').map((member) => member.id)
}

/** Pairs of bots that both have an open link to each other. */
export function countLinks(snapshots: readonly BotSnapshot[]): number {
  const linked = new Map(snapshots.map((snapshot) => [snapshot.memberId, new Set(snapshot.linkedTo)]))
  let links = 0
  for (const [id, others] of linked) {
    for (const other of others) {
      if (id < other && linked.get(other)?.has(id) === true) links++
    }
  }
  return links
}
