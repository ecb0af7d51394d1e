import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p, ServiceMap, Stream } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { SignalingService } from '../../../signaling/index.ts'

/** A bare peer of libp2p, with nothing of ours in it. */
export type BarePeer = Libp2p<ServiceMap & { pubsub: GossipSub }>

export function startPeer(listen: readonly string[] = []): Promise<BarePeer> {
  return createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, globalSignaturePolicy: 'StrictSign' }),
    },
  })
}

export async function openStream(
  peer: BarePeer,
  service: SignalingService,
  protocol: string,
): Promise<Stream> {
  const connection = await peer.dial(multiaddr(service.mesh!.addresses()[0]))
  return connection.newStream(protocol)
}

/** A frame as it crosses a stream. */
export function framed(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes)
}
