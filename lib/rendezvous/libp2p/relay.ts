import {
  ConvoyError,
  Counters,
  createSystemClock,
  silentLogger,
  systemRandom,
  type Clock,
  type Logger,
  type RandomSource,
} from '../../core/index.ts'
import type { Connection } from '@libp2p/interface'
import { PING_PROTOCOL } from '@libp2p/ping'
import { createIdentity, type Identity } from '../../identity/index.ts'
import { Switchboard } from '../switchboard.ts'
import type { SwitchboardLimits } from '../switchboardLimits.ts'
import type { SwitchboardStats } from '../switchboardStats.ts'
import { forInvites, peerAddress } from './addresses.ts'
import {
  defaultLibp2pTimings,
  probeMs,
  rendezvousProtocol,
  streamsPerConnection,
  type Libp2pTimings,
} from './constants.ts'
import { serveStream } from './desk.ts'
import { privateKeyOf } from './keys.ts'
import { Lobby } from './lobby.ts'
import { startNode, type ConvoyNode } from './node.ts'

/** What {@link startLibp2pRelay} takes. */
export interface Libp2pRelayOptions {
  /** Whose key the relay is known by; a fresh one where left out, and with it other addresses at each start. */
  identity?: Identity
  /** Multiaddrs to listen on; `/ip4/127.0.0.1/tcp/0/ws`, this machine only, where left out. */
  listen?: readonly string[]
  /** What others dial instead, e.g. `/dns4/relay.example/tcp/443/tls/ws` behind a proxy. */
  announceAddresses?: readonly string[]
  /** Other relays, with whom it shares the public list and the hash table. */
  peers?: readonly string[]
  /** Connections held at once (default 1,000). */
  connections?: number
  /** Peers that others may reach over it at once (default 512). */
  reservations?: number
  /** What one relayed connection carries, bytes (default 1 MiB), before it ends; it ends after 10 min as well. */
  relayedBytes?: number
  /** Whether it also holds announcements, and lists and introduces as a signaling service does (default true). */
  introduces?: boolean
  limits?: Partial<SwitchboardLimits>
  /** Real time where left out. */
  clock?: Clock
  /** The platform's randomness where left out. */
  random?: RandomSource
  logger?: Logger
  timings?: Partial<Libp2pTimings>
}

/** How a relay does, as plain data. */
export interface Libp2pRelayStats extends SwitchboardStats {
  connections: number
}

/** A running relay. */
export interface Libp2pRelay {
  readonly peerId: string
  /** What others name as their relay. */
  readonly addresses: readonly string[]
  stats(): Libp2pRelayStats
  /** Frees everything. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a libp2p relay (Node): circuit relay v2 for peers that nobody can dial, with room for more than libp2p's default of 15;
 * part of the hash table that finds hosts; and a meeting place as a signaling service is one. It can read nothing
 * that peers say to each other.
 * @throws ConvoyError `port-in-use`, `invalid-argument`.
 * @example
 * ```ts
 * const relay = await startLibp2pRelay({ listen: ['/ip4/0.0.0.0/tcp/7200/ws'] })
 * console.log(relay.addresses)
 * await relay.close()
 * ```
 */
export async function startLibp2pRelay(options: Libp2pRelayOptions = {}): Promise<Libp2pRelay> {
  const { clock = createSystemClock(), random = systemRandom, logger = silentLogger } = options
  const identity = options.identity ?? createIdentity({ random })
  const peers = (options.peers ?? []).map(peerAddress)
  const node = await startNode({
    privateKey: await privateKeyOf(identity),
    listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0/ws'],
    announce: options.announceAddresses ?? [],
    isRelay: true,
    connections: options.connections,
    reservations: options.reservations,
    relayedBytes: options.relayedBytes,
    isAutoNat: true,
    isDcutr: false,
  })
  const switchboard = new Switchboard({
    clock,
    random,
    logger,
    ...(options.limits && { limits: options.limits }),
  })
  const timings = { ...defaultLibp2pTimings, ...options.timings }
  const lobby = new Lobby({ node, clock, logger, counters: new Counters(), timings })
  lobby.listen()
  if (options.introduces !== false) {
    await node.handle(
      rendezvousProtocol,
      (stream, connection) => serveStream(stream, connection, { clock, switchboard }),
      { runOnLimitedConnection: true, maxInboundStreams: streamsPerConnection },
    )
  }
  node.addEventListener('connection:open', ({ detail }) => endDeadOnes(node, detail, clock))
  const meet = (): void => {
    for (const peer of peers) {
      node.dial(peer).catch((error: unknown) => logger.info('Another relay does not answer.', { error }))
    }
  }
  meet()
  // As often as hosts repeat themselves: one that came back is met again within the memory of the list.
  const cancelMeeting = clock.every(timings.lobbyBeatMs, meet)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    cancelMeeting()
    lobby.close()
    switchboard.close()
    await node.stop()
  }
  if (node.getMultiaddrs().length === 0) {
    await close()
    throw new ConvoyError('invalid-argument', 'A relay needs an address that others can dial: see "listen".')
  }
  return {
    peerId: node.peerId.toString(),
    addresses: forInvites(node.getMultiaddrs(), []),
    stats: () => ({ ...switchboard.stats(), connections: node.getConnections().length }),
    close: () => (closing ??= close()),
  }
}

/**
 * A peer whose network changed comes back while its former connection seems to be alive, and libp2p's relay uses the oldest:
 * so those that don't answer any more are ended.
 */
function endDeadOnes(node: ConvoyNode, newest: Connection, clock: Clock): void {
  for (const earlier of node.getConnections(newest.remotePeer)) {
    if (earlier === newest || earlier.limits !== undefined) continue
    const late = new AbortController()
    const cancel = clock.after(probeMs, () => late.abort())
    earlier
      .newStream(PING_PROTOCOL, { signal: late.signal })
      .then((stream) => stream.close({ signal: late.signal }))
      .catch(() => earlier.abort(new ConvoyError('timeout', 'It does not answer any more.')))
      .finally(cancel)
  }
}
