/** What is measured at once. */
export interface MeshRun {
  contender: 'ours' | 'json'
  members: number
  kind: 'cruise' | 'manoeuvring'
  /** Milliseconds before and during the measurement. */
  warmUpMs: number
  measureMs: number
}

/** What came out of it. */
export interface MeshResult {
  /** All bytes that crossed the interface, IP and UDP headers included. */
  wireBytes: number
  /** User and system time of all members' processes. */
  cpuMs: number
  elapsedMs: number
  /** Metres between shown and true positions, at the worse of both ends. */
  errors: number[]
}

/** What the benchmark asks of the process that lives in a network of its own. */
export type ToNetwork = { type: 'run'; run: MeshRun }
export type FromNetwork = { type: 'ran'; result: MeshResult }

/** What that process tells those that the members live in. */
export type ToMembers =
  | { type: 'open'; run: MeshRun; own: number[] }
  | MemberSignal
  /** All drive from here on, the time of the machine's monotonic clock being where the courses begin. */
  | { type: 'start'; atNs: string }
  | { type: 'measure' }
  | { type: 'report' }

export type FromMembers =
  | { type: 'opened' }
  | MemberSignal
  | { type: 'started' }
  | { type: 'measuring' }
  | { type: 'reported'; report: MembersReport }

/** Something from one member for another, while they make their link. */
export interface MemberSignal {
  type: 'signal'
  from: number
  to: number
  signal: unknown
}

/** What the members of one process did while it was measured. */
export interface MembersReport {
  cpuMs: number
  errors: number[]
}
