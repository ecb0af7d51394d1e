import type { Identity } from '../../identity/index.ts'
import type { RendezvousEnvironment } from '../client.ts'
import type { Rendezvous } from '../rendezvous.ts'
import type { Libp2pTimings } from './constants.ts'

/** What {@link libp2pRendezvous} takes. */
export interface Libp2pRendezvousOptions extends Omit<RendezvousEnvironment, 'timings'> {
  /** Who this peer is: the same as in `hostConvoy` and `joinConvoy`. Its key is the libp2p peer id. */
  identity: Identity
  /**
   * Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/tcp/7200/ws` and `/ip4/0.0.0.0/tcp/7201`; port 0 is any free one. None where
   * left out, and none in pages: others then come over relays.
   */
  listen?: readonly string[]
  /** What others dial instead, e.g. `/dns4/convoy.example/tcp/443/tls/ws` behind a proxy. */
  announceAddresses?: readonly string[]
  /**
   * Multiaddrs of other peers, each with its peer id at the end: relays at which a host keeps a reservation, signaling services that
   * speak libp2p, or any other peers that know more of them.
   */
  relays?: readonly string[]
  /** Whether this peer asks others if it can be reached from outside (default false): of use where ports are forwarded. */
  autoNat?: boolean
  /** Whether relayed connections are replaced by direct ones through a NAT where that works (default false); TCP only. */
  dcutr?: boolean
  timings?: Partial<Libp2pTimings>
}

/** A {@link Rendezvous} by libp2p, with no service in it. */
export interface Libp2pRendezvous extends Rendezvous {
  /** This peer's libp2p id. */
  readonly peerId: string
  /** Every address by which others find this peer, the best first. Complete once {@link Libp2pRendezvous.ready} resolved. */
  readonly hints: readonly string[]
  /** Starts to listen, and makes reservations. Otherwise done when first needed. */
  ready(signal?: AbortSignal): Promise<void>
  /** Takes a hint of an invite to ask there; false when it is not of this kind. */
  follow(hint: string): boolean
  /** See {@link Rendezvous.reconnect}. */
  reconnect(): void
  /** What was refused or ignored, by name. */
  dropped(): Readonly<Record<string, number | undefined>>
}
