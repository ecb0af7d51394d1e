/** What carries the payloads: a link of ours, or the bare engine under it. */
export type Contender = 'ours' | 'engine'
export type NodeEngine = 'datachannel' | 'werift'

/** How both ends of a pair send, at the same time. */
export interface Load {
  /** Payloads a second over each pipe. A tick that comes late is not made up for. */
  rate: number
  /** Milliseconds before and during the measurement, and of rest after it. */
  warmUpMs: number
  measureMs: number
  settleMs: number
}

/** What the benchmark tells one end of a pair. */
export type ToEnd =
  | { type: 'open'; contender: Contender; engine: NodeEngine; initiator: boolean; pipes: number }
  /** Something for pipe number `pipe` from its other end. */
  | { type: 'signal'; pipe: number; signal: unknown }
  | { type: 'load'; load: Load }

/** What an end answers. */
export type FromEnd =
  | { type: 'opened' }
  | { type: 'signal'; pipe: number; signal: unknown }
  | { type: 'loaded'; result: EndResult }

/** What one end did while it measured. */
export interface EndResult {
  received: number
  /** User and system time of the process, all its threads. */
  cpuMs: number
  elapsedMs: number
}
