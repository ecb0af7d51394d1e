import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { autoNAT } from '@libp2p/autonat'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping, type Ping } from '@libp2p/ping'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { platformTransports } from '#libp2p/platform'
import { ConvoyError } from '../../core/index.ts'
import {
  addressDialMs,
  connectionsPerSecond,
  kadProtocol,
  lobbyMessageBytes,
  lobbyTopic,
  pendingConnections,
  relayConnections,
  relayedBytes,
  relayedMs,
  relayReservations,
  reservationsAtOnce,
} from './constants.ts'

/** What a node is made with. */
export interface NodeOptions {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  /** What others dial, where that differs from what is listened to. */
  readonly announce: readonly string[]
  /** Serves others as relay v2 and holds part of the hash table. */
  readonly isRelay: boolean
  readonly connections?: number | undefined
  readonly reservations?: number | undefined
  readonly relayedBytes?: number | undefined
  readonly isAutoNat: boolean
  readonly isDcutr: boolean
}

/** What listens and dials: a part of libp2p that it shows to its other parts only. */
interface Transports {
  listen(addresses: Multiaddr[]): Promise<void>
  /** Dials this address and no other. */
  dial(address: Multiaddr, options: { signal: AbortSignal }): Promise<Connection>
}

/** The services that are used by name. */
export interface NodeServices extends ServiceMap {
  readonly ping: Ping
  readonly pubsub: GossipSub
  /** Reservations are made by listening, which libp2p offers to its own parts only. */
  readonly transports: Transports
}

/** A peer of libp2p, as this rendezvous needs it. */
export type ConvoyNode = Libp2p<NodeServices>

/**
 * Starts a peer of libp2p: noise, yamux, identify, gossipsub and the hash table over the platform's transports.
 * @throws ConvoyError `port-in-use`, or `invalid-argument` when it can't listen where it was told to.
 */
export async function startNode(options: NodeOptions): Promise<ConvoyNode> {
  const { isRelay, isAutoNat, isDcutr } = options
  try {
    return await createLibp2p<NodeServices>({
      privateKey: options.privateKey,
      addresses: {
        listen: [...options.listen],
        ...(options.announce.length === 0 ? {} : { announce: [...options.announce] }),
      },
      transports: [
        ...platformTransports,
        circuitRelayTransport({ reservationConcurrency: reservationsAtOnce }),
      ],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // In pages libp2p refuses plain ws: and private addresses; both are what friends on one network have.
      connectionGater: { denyDialMultiaddr: () => false },
      connectionManager: {
        addressDialTimeout: addressDialMs,
        inboundConnectionThreshold: connectionsPerSecond,
        maxIncomingPendingConnections: pendingConnections,
        ...(isRelay ? { maxConnections: options.connections ?? relayConnections } : {}),
      },
      services: {
        identify: identify(),
        ping: ping(),
        pubsub: gossipsub({
          allowPublishToZeroTopicPeers: true,
          allowedTopics: [lobbyTopic],
          maxInboundDataLength: lobbyMessageBytes,
          // Many peers behind one address are a carrier's NAT or a test machine, and no attack.
          scoreParams: { IPColocationFactorWeight: 0 },
        }),
        dht: kadDHT({
          protocol: kadProtocol,
          clientMode: !isRelay,
          // Friends on one network have private addresses only.
          peerInfoMapper: passthroughMapper,
          allowQueryWithZeroPeers: true,
          // A host is looked for as soon as it is there.
          initialQuerySelfInterval: 0,
        }),
        // Not itself: libp2p starts what it is given as a service, and it is started already.
        transports: ({ transportManager }: { transportManager: Transports }): Transports => ({
          listen: (addresses) => transportManager.listen(addresses),
          dial: (address, dialOptions) => transportManager.dial(address, dialOptions),
        }),
        ...(isAutoNat ? { autoNat: autoNAT() } : {}),
        ...(isDcutr ? { dcutr: dcutr() } : {}),
        ...(isRelay ? { relay: relayServer(options) } : {}),
      },
    })
  } catch (cause) {
    throw startError(cause)
  }
}

function relayServer(options: NodeOptions): ReturnType<typeof circuitRelayServer> {
  const { reservations, connections } = options
  return circuitRelayServer({
    maxInboundHopStreams: connections ?? relayConnections,
    maxOutboundStopStreams: connections ?? relayConnections,
    reservations: {
      maxReservations: reservations ?? relayReservations,
      defaultDataLimit: BigInt(options.relayedBytes ?? relayedBytes),
      defaultDurationLimit: relayedMs,
    },
  })
}

function startError(cause: unknown): ConvoyError {
  const text = String(cause)
  if (text.includes('EADDRINUSE')) {
    const message =
      'A port that libp2p should listen on is taken by another program: choose another one, or 0.'
    return new ConvoyError('port-in-use', message, { cause })
  }
  return new ConvoyError(
    'invalid-argument',
    'libp2p can not listen where it was told to: addresses look like /ip4/0.0.0.0/tcp/7200/ws, and pages have none.',
    { cause },
  )
}
