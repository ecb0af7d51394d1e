import { ConvoyError } from '../core/index.ts'
import { RendezvousClient, type RendezvousEnvironment } from './client.ts'
import type { DialFrameSocket } from './frameSocket.ts'
import type { Rendezvous } from './rendezvous.ts'

/** What is used of a `WebSocket`: the platform's own, or one with the same interface. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'error', listener: (event: unknown) => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void
}

/** Makes a {@link WebSocketLike}; `globalThis.WebSocket` is one. */
export type WebSocketConstructor = new (url: string) => WebSocketLike

/** What {@link webSocketRendezvous} takes. */
export interface WebSocketRendezvousOptions extends RendezvousEnvironment {
  /** The platform's own where left out: every browser has one, and Node from 22. */
  WebSocket?: WebSocketConstructor
}

/**
 * A rendezvous at a signaling service. Nothing is connected before it is needed.
 * @param url - `ws://host:port` or `wss://host:port`, as `openconvoy signal` prints it.
 * @throws ConvoyError `invalid-argument` when `url` is not such an address; `unsupported` without a WebSocket.
 * @example
 * ```ts
 * const rendezvous = webSocketRendezvous('ws://127.0.0.1:7100', { clock: createSystemClock(), random: systemRandom })
 * const { route } = await rendezvous.reach(sessionId)
 * ```
 */
export function webSocketRendezvous(url: string, options: WebSocketRendezvousOptions): Rendezvous {
  const address = URL.parse(url)
  // Names and passwords would end up in invites; a fragment has no meaning here, and some platforms throw at it.
  const isPlain = address?.username === '' && address.password === '' && !url.includes('#')
  if (
    address === null ||
    !isPlain ||
    !['ws:', 'wss:'].includes(address.protocol) ||
    address.hostname === ''
  ) {
    throw new ConvoyError(
      'invalid-argument',
      'The address of a signaling service looks like ws://host:port or wss://host:port.',
    )
  }
  // Typed anew: lib.dom takes it for granted, and asks more of listeners than is used here.
  const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
  if (WebSocket === undefined) {
    throw new ConvoyError('unsupported', 'There is no WebSocket here: use Node 22 or later, or hand one in.')
  }
  return new RendezvousClient({
    ...options,
    hint: url,
    host: address.hostname,
    dial: dialWebSocket(WebSocket, url),
  })
}

const openState = 1

function dialWebSocket(WebSocket: WebSocketConstructor, url: string): DialFrameSocket {
  return (handlers) => {
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    let cause: unknown
    let over = false
    socket.addEventListener('open', () => {
      if (!over) handlers.open()
    })
    socket.addEventListener('message', ({ data }) => {
      if (over) return
      // Text frames are no part of the protocol: handed on empty, they are counted as malformed.
      handlers.message(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array())
    })
    socket.addEventListener('error', (event) => {
      cause = (event as { error?: unknown }).error
    })
    socket.addEventListener('close', ({ code }) => {
      if (over) return
      over = true
      handlers.closed(code, cause)
    })
    return {
      send(bytes) {
        // What is sent on a closing socket is lost anyway; `closed` is on its way.
        if (socket.readyState === openState) socket.send(bytes as Uint8Array<ArrayBuffer>)
      },
      close() {
        over = true
        // Nothing more can be done where the other end is dead: browsers then drop the connection after a while,
        // Node's WebSocket only when TCP gives up.
        socket.close()
      },
    }
  }
}
