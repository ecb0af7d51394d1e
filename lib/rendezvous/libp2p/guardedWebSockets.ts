import type { Listener, Transport } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { webSocketBytes } from './constants.ts'

type Accepted = (socket: WebSocketServerSocket, request: unknown) => void

/** What is used of a server of the package ws, which libp2p's listener keeps to itself. */
interface WebSocketServerLike {
  readonly options: { maxPayload?: number }
  handleUpgrade(request: unknown, socket: unknown, head: unknown, accepted: Accepted): void
}
interface WebSocketServerSocket {
  on(event: 'error', listener: () => void): void
  terminate(): void
}

type MakeTransport = ReturnType<typeof webSockets>

/**
 * The WebSockets transport of libp2p, for Node, that survives strangers: give it to `createLibp2p` instead of `webSockets()`. That of version 10.1
 * listens to no error of the sockets that it accepts, so that one malformed frame of anybody ends the whole process; and it takes messages of
 * 100 MB before it knows from whom.
 */
export const guardedWebSockets: MakeTransport = (components) => {
  const transport: Transport = webSockets()(components)
  const create = transport.createListener.bind(transport)
  transport.createListener = (options) => guard(create(options))
  return transport
}

function guard(listener: Listener): Listener {
  const { wsServer } = listener as Listener & { readonly wsServer?: WebSocketServerLike }
  if (wsServer === undefined) return listener
  wsServer.options.maxPayload = webSocketBytes
  const upgrade = wsServer.handleUpgrade.bind(wsServer)
  wsServer.handleUpgrade = (request, socket, head, accepted) =>
    upgrade(request, socket, head, (webSocket, sameRequest) => {
      webSocket.on('error', () => webSocket.terminate())
      accepted(webSocket, sameRequest)
    })
  return listener
}
