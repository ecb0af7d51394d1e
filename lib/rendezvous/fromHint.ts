import { localNetwork } from '#rendezvous/platform'
import { ConvoyError } from '../core/index.ts'
import type { Rendezvous } from './rendezvous.ts'
import { webSocketRendezvous, type WebSocketRendezvousOptions } from './webSocket.ts'

/**
 * The rendezvous that a hint from an invite stands for.
 * @param hint - `ws://…` or `wss://…`: a signaling service; `lan:`: the local network, in Node.
 * @throws ConvoyError `unsupported` for a scheme this version, or this platform, doesn't know; `invalid-argument` for no address.
 */
export function rendezvousFrom(hint: string, environment: WebSocketRendezvousOptions): Rendezvous {
  const scheme = schemeOf(hint)
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

/** Whether {@link rendezvousFrom} knows what to do with a hint of this kind, on this platform. */
export function isUsableHint(hint: string): boolean {
  const scheme = schemeOf(hint)
  return scheme === 'ws' || scheme === 'wss' || (scheme === 'lan' && localNetwork !== undefined)
}

function schemeOf(hint: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(hint)?.[1]?.toLowerCase()
}
