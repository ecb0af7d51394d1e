import type { Clock, Counters, Logger } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import type { LinkBudgets } from './budgets.ts'
import type { Connector, IceServer, IceTransportPolicy } from './connection.ts'
import type { LinkTimings } from './link.ts'
import type { PeerLink } from './peerLink.ts'

/** What a {@link PeerLink} is made with. */
export interface PeerLinkOptions {
  connector: Connector
  initiator: boolean
  attempt: number
  /** Asked anew for each connection: credentials of TURN expire. */
  iceServers: () => readonly IceServer[]
  iceTransportPolicy: IceTransportPolicy
  clock: Clock
  timings: LinkTimings
  budgets: LinkBudgets
  /** Whether the link outlives its connection. */
  redials: boolean
  /** Whether each connection gives out one signal only. */
  wholeSignals: boolean
  /** Shared by all attempts at one link, so that nothing refused goes unseen. */
  dropped: Counters
  logger: Logger | undefined
  sendSignal(signal: Signal): void
  /** Both channels are open and the other side was heard. */
  established(link: PeerLink): void
  /** It ended before that. */
  failed(link: PeerLink, cause: unknown): void
}
