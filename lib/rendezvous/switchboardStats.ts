import type { SwitchboardLimit } from './switchboardLimits.ts'
import type { TrafficStats } from './trafficCounts.ts'

/** How a switchboard does, as plain data. */
export interface SwitchboardStats extends TrafficStats {
  clients: number
  sessions: number
  routes: number
  /** Configurations of voters that it is the witness of. */
  witnessed: number
  /** Since the start. */
  relayedMessages: number
  relayedBytes: number
  /** What was refused and which connections were cut, by name. */
  refused: Readonly<Record<string, number | undefined>>
  /** How often each limit was met. */
  limitsHit: Readonly<Partial<Record<SwitchboardLimit, number>>>
  /** Votes that the witness gave, and requests for one that it refused. */
  grants: Readonly<{ granted: number; refused: number }>
}
