import type { Connection, PeerId } from '@libp2p/interface'
import { isMultiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { ConvoyError, type Clock } from '../../core/index.ts'
import type { DialFrameSocket } from '../frameSocket.ts'
import { rendezvousProtocol } from './constants.ts'
import { FrameStream } from './frameStream.ts'
import type { ConvoyNode } from './node.ts'

/** The code of a WebSocket that broke or never came about: what a {@link DialFrameSocket} says in such a case. */
const broken = 1006

/** Opens streams to the desk of another peer, directly or over a relay, by whatever connection there is or comes about. */
export function dialDesk(
  node: () => Promise<ConvoyNode>,
  to: Multiaddr | PeerId,
  clock: Clock,
): DialFrameSocket {
  return (handlers) => {
    const abort = new AbortController()
    let frames: FrameStream | undefined
    const open = async (): Promise<void> => {
      const own = await node()
      const { signal } = abort
      // Over limited connections too, which is what a relay makes: at both ends it has to be asked for.
      const connection = await connect(own, to, signal)
      const stream = await connection.newStream(rendezvousProtocol, { signal, runOnLimitedConnection: true })
      if (signal.aborted) return stream.abort(new ConvoyError('aborted', 'Nobody waits for it any more.'))
      frames = new FrameStream(stream, connection, clock, {
        frame: (bytes) => handlers.message(bytes),
        closed: (cause) => handlers.closed(broken, cause),
      })
      handlers.open()
    }
    open().catch((cause: unknown) => {
      if (!abort.signal.aborted) handlers.closed(broken, cause)
    })
    return {
      send: (bytes) => frames?.send(bytes),
      close() {
        abort.abort()
        frames?.close()
      },
    }
  }
}

/**
 * libp2p tries the addresses of a peer one after the other, and puts whoever asks meanwhile into the same queue: a relay that
 * swallows everything would hold up the way over the next one. So each address is dialled for itself.
 */
async function connect(node: ConvoyNode, to: Multiaddr | PeerId, signal: AbortSignal): Promise<Connection> {
  if (!isMultiaddr(to)) return node.dial(to, { signal })
  const parts = to.getComponents()
  const peerId = parts.at(-1)?.value
  const existing = node
    .getConnections()
    .find(
      ({ status, limits, remotePeer, remoteAddr }) =>
        status === 'open' &&
        remotePeer.toString() === peerId &&
        (limits === undefined || remoteAddr.toString() === to.toString()),
    )
  if (existing !== undefined) return existing
  // Only libp2p's queue looks up addresses in DNS; names of hosts are the transports' own business.
  if (parts.some(({ name }) => name === 'dnsaddr')) return node.dial(to, { signal })
  return node.services.transports.dial(to, { signal })
}
