import { localNetwork } from '#rendezvous/platform'
import { ConvoyError } from '../core/index.ts'
import type { Rendezvous } from './rendezvous.ts'
import { webSocketRendezvous, type WebSocketRendezvousOptions } from './webSocket.ts'

/**
 * The rendezvous that a hint from an invite stands for.
 * @param hint - `ws://…` or `wss://…`: a signaling service; `lan:`: the local network, in Node.
 * @throws ConvoyError `unsupported` for a libp2p address, which belongs to `openconvoy/libp2p`, and for a scheme this version, or this
 * platform, doesn't know; `invalid-argument` for no address.
 */
export function rendezvousFrom(hint: string, environment: WebSocketRendezvousOptions): Rendezvous {
  if (hint.startsWith('/')) {
    throw new ConvoyError(
      'unsupported',
      'The invite leads to a libp2p peer: pass libp2pRendezvous of openconvoy/libp2p as the option "rendezvous".',
    )
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(hint)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'ws':
    case 'wss':
      return webSocketRendezvous(hint, environment)
    case 'lan':
      if (localNetwork !== undefined) return localNetwork(environment)
      throw new ConvoyError(
        'unsupported',
        'Pages can’t look around on their network: use a signaling service, or exchange codes.',
      )
    case undefined:
      throw new ConvoyError(
        'invalid-argument',
        'A rendezvous hint starts with its kind, e.g. ws://host:port for a signaling service.',
      )
    default:
      throw new ConvoyError(
        'unsupported',
        `This version knows no rendezvous of the kind "${scheme.slice(0, 32)}:", only ws: and wss: (signaling services) and, in Node, lan: (the local network).`,
      )
  }
}
