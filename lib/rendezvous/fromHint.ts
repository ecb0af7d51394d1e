import { ConvoyError } from '../core/index.ts'
import type { Rendezvous } from './rendezvous.ts'
import { webSocketRendezvous, type WebSocketRendezvousOptions } from './webSocket.ts'

/**
 * The rendezvous that a hint from an invite stands for.
 * @param hint - `ws://…` or `wss://…`: a signaling service.
 * @throws ConvoyError `unsupported` for a libp2p address, which belongs to `openconvoy/libp2p`, and for a scheme this version doesn't know; `invalid-argument` for no address.
 */
export function rendezvousFrom(hint: string, environment: WebSocketRendezvousOptions): Rendezvous {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(hint)?.[1]?.toLowerCase()
  if (hint.startsWith('/')) {
    throw new ConvoyError(
      'unsupported',
      'The invite leads to a libp2p peer: pass libp2pRendezvous of openconvoy/libp2p as the option "rendezvous".',
    )
  }
  switch (scheme) {
    case 'ws':
    case 'wss':
      return webSocketRendezvous(hint, environment)
    case undefined:
      throw new ConvoyError(
        'invalid-argument',
        'A rendezvous hint starts with its kind, e.g. ws://host:port for a signaling service.',
      )
    default:
      throw new ConvoyError(
        'unsupported',
        `This version knows no rendezvous of the kind "${scheme.slice(0, 32)}:", only ws: and wss: (signaling services).`,
      )
  }
}
