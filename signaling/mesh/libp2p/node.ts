import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { autoNAT } from '@libp2p/autonat'
import { circuitRelayServer, type CircuitRelayService } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, ServiceMap } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { ConvoyError } from '../../../lib/core/index.ts'
import { guardedWebSockets } from '../../../lib/rendezvous/libp2p/guardedWebSockets.ts'
import { gossipBytes, gossipDegrees, lobbyTopic, meshTopic, type Libp2pLimits } from './constants.ts'

/** What {@link startNode} takes. */
export interface NodeOptions {
  /** 32 bytes: with the same, the service has the same id again. */
  seed: Uint8Array
  listen: readonly Multiaddr[]
  /** What others dial, where that is not what is listened on. */
  announce: readonly Multiaddr[]
  limits: Libp2pLimits
  gater: ConnectionGater
}

/** The parts of libp2p that are used by name. */
export interface NodeServices extends ServiceMap {
  readonly ping: Ping
  readonly pubsub: GossipSub
  readonly relay: CircuitRelayService
}

/** A service's peer of libp2p. */
export type ServiceNode = Libp2p<NodeServices>

/**
 * Starts the libp2p side of a service: noise, yamux, TCP and WebSockets; gossipsub; relay v2, the hash table and AutoNAT for
 * peers that use the libp2p rendezvous.
 * @throws ConvoyError `port-in-use`, or `invalid-argument` where it can't listen as told.
 */
export async function startNode({
  seed,
  listen,
  announce,
  limits,
  gater,
}: NodeOptions): Promise<ServiceNode> {
  const texts = (addresses: readonly Multiaddr[]): string[] => addresses.map((address) => address.toString())
  try {
    return await createLibp2p<NodeServices>({
      privateKey: await generateKeyPairFromSeed('Ed25519', seed),
      addresses: { listen: texts(listen), announce: texts(announce) },
      transports: [tcp(), guardedWebSockets],
      connectionEncrypters: [noise()],
      streamMuxers: [
        yamux({
          // One route per stream; what is beyond is refused by our own count, which says so.
          maxInboundStreams: 2_048,
          maxOutboundStreams: 2_048,
          // All windows of a connection together are what a hostile peer can make us hold.
          streamOptions: { maxStreamWindowSize: 256 * 1_024 },
        }),
      ],
      connectionGater: gater,
      connectionManager: {
        maxConnections: limits.connections,
        inboundConnectionThreshold: limits.connectionsPerSecond,
        maxIncomingPendingConnections: limits.pendingConnections,
        // What is worth dialling again is ours to know.
        reconnectRetries: 0,
      },
      services: {
        identify: identify(),
        ping: ping(),
        pubsub: gossipsub({
          ...gossipDegrees,
          allowPublishToZeroTopicPeers: true,
          allowedTopics: [meshTopic, lobbyTopic],
          maxInboundDataLength: gossipBytes * 4,
          // Many peers behind one address are a carrier's NAT, a proxy or a test machine, and no attack: with libp2p's weight a
          // relay with 60 leaves on one machine delivered nothing to anybody.
          scoreParams: { IPColocationFactorWeight: 0 },
        }),
        relay: circuitRelayServer({
          maxInboundHopStreams: limits.connections,
          maxOutboundHopStreams: limits.connections,
          maxOutboundStopStreams: limits.connections,
          reservations: {
            maxReservations: limits.reservations,
            defaultDataLimit: BigInt(limits.relayedBytes),
            defaultDurationLimit: limits.relayedMs,
          },
        }),
        autoNat: autoNAT(),
        dht: kadDHT({
          protocol: '/openconvoy/kad/1.0.0',
          clientMode: false,
          // Friends on one network have private addresses only.
          peerInfoMapper: passthroughMapper,
          allowQueryWithZeroPeers: true,
        }),
      },
    })
  } catch (cause) {
    throw listenFailure(cause, texts(listen))
  }
}

function listenFailure(cause: unknown, listen: readonly string[]): ConvoyError {
  const where = listen.join(', ')
  if (String(cause).includes('EADDRINUSE')) {
    return new ConvoyError(
      'port-in-use',
      `A port of ${where} is in use by another program: stop that one, or choose others with "listen" (0 picks a free one).`,
      { cause },
    )
  }
  return new ConvoyError(
    'invalid-argument',
    `libp2p can't listen on ${where}: are these addresses of this machine, and the ports above 1023?`,
    { cause },
  )
}
