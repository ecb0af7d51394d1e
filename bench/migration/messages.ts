/** What a member is told first. */
export type MemberTask = { name: string; seed: string; number: number } & (
  { role: 'host'; signaling: string; maxPlayers: number } | { role: 'join'; invite: string }
)

/** What the benchmark asks of the process of a member. */
export type ToMember =
  | { type: 'start'; task: MemberTask }
  | { type: 'look' }
  /** Watches from now on; `absent` is who is about to die, and undefined where nobody is. */
  | { type: 'watch'; absent: string | undefined }
  | { type: 'report' }

export type FromMember =
  | { type: 'started'; memberId: string; invite: string }
  | { type: 'looked'; look: Look }
  | { type: 'watching' }
  | { type: 'reported'; report: WatchReport }

/** The convoy as one member has it. */
export interface Look {
  memberId: string
  hostId: string
  epoch: number
  active: boolean
  /** Members it has a link to, and vehicles it sees. */
  linked: number
  seen: number
  /** Of the record: nothing is decided any more while it stays the same. */
  digest: string
}

/** What a member saw while it watched. */
export interface WatchReport {
  /** Longest that no update came of another member's vehicle, ms, by member. */
  gaps: [memberId: string, ms: number][]
  /** Members whose vehicle was not there, or faded, at any time. */
  lost: string[]
  /** When it followed another host that can decide, ms on the machine's monotonic clock; null where it did not yet. */
  newAuthorityAt: number | null
  /** When it was told of another host. */
  hostChangedAt: number | null
  epoch: number
}
