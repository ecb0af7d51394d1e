import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Connection, Stream } from '@libp2p/interface'
import { ConvoyError, type Clock } from '../../../lib/core/index.ts'
import type { AcquaintanceNetwork } from '../acquaintances.ts'
import type { MeshNetwork, MeshNetworkHandlers, MeshStream, StreamKind } from '../meshNetwork.ts'
import { limitKeyOf } from './addresses.ts'
import { dialMs, streamProtocols } from './constants.ts'
import type { ServiceNode } from './node.ts'
import { Libp2pMeshStream } from './stream.ts'

/** What a {@link Libp2pNetwork} is made with. */
export interface Libp2pNetworkOptions {
  node: ServiceNode
  clock: Clock
  limitLoopback: boolean
  /** Bytes on one stream that wait to be read, above which it is cut. */
  bufferedBytes: number
  /** Routes that one other service may have open. */
  routes: number
  isNamed: (id: string) => boolean
  /** A peer sent what is no frame. */
  malformed: (id: string) => void
  /** Has connections to and from a peer denied for so long. */
  deny: (id: string, durationMs: number) => void
}

/** The services that libp2p connects this one to. */
export class Libp2pNetwork implements MeshNetwork, AcquaintanceNetwork {
  readonly #options: Libp2pNetworkOptions
  readonly #node: ServiceNode
  readonly #services = new Set<string>()
  #handlers: MeshNetworkHandlers | undefined

  constructor(options: Libp2pNetworkOptions) {
    this.#options = options
    this.#node = options.node
  }

  /** Begins to tell of services that are connected and of the streams that they open. */
  async start(handlers: MeshNetworkHandlers): Promise<void> {
    this.#handlers = handlers
    const { routes } = this.#options
    // One for each direction, and one more while it is replaced.
    const streams = { feed: 4, route: routes }
    for (const kind of ['feed', 'route'] as const) {
      await this.#node.handle(
        streamProtocols[kind],
        (stream, connection) => this.#accept(kind, stream, connection),
        {
          maxInboundStreams: streams[kind],
          maxOutboundStreams: streams[kind],
        },
      )
    }
    await this.#node.register(streamProtocols.feed, {
      onConnect: (_, connection) => this.#joined(connection),
      onDisconnect: (peer) => this.#left(peer.toString()),
    })
    this.#node.addEventListener('peer:disconnect', ({ detail }) => this.#left(detail.toString()))
  }

  async open(id: string, kind: StreamKind, signal: AbortSignal): Promise<MeshStream> {
    const connection = this.#connectionTo(id)
    if (connection === undefined) throw unreachable()
    try {
      const stream = await connection.newStream(streamProtocols[kind], {
        signal,
        maxOutboundStreams: this.#options.routes,
      })
      return this.#framed(stream, id)
    } catch (cause) {
      throw unreachable(cause)
    }
  }

  disconnect(id: string): void {
    for (const connection of this.#node.getConnections(peerIdFromString(id))) {
      // A connection that is dead would wait for its other end.
      connection.abort(new Error('The other service is silent.'))
    }
    this.#left(id)
  }

  shun(id: string, durationMs: number): void {
    this.#options.deny(id, durationMs)
    this.disconnect(id)
  }

  async dial(addresses: readonly string[], signal: AbortSignal): Promise<string> {
    const late = new AbortController()
    const cancel = this.#options.clock.after(dialMs, () => late.abort())
    try {
      const connection = await this.#node.dial(
        addresses.map((address) => multiaddr(address)),
        { signal: AbortSignal.any([signal, late.signal]) },
      )
      return connection.remotePeer.toString()
    } finally {
      cancel()
    }
  }

  isConnected(id: string): boolean {
    return this.#connectionTo(id) !== undefined
  }

  /** One that leads there directly: what goes through a relay is for joining, and ends soon. */
  #connectionTo(id: string): Connection | undefined {
    return this.#node
      .getConnections(peerIdFromString(id))
      .find(({ status, limits }) => status === 'open' && limits === undefined)
  }

  #accept(kind: StreamKind, stream: Stream, connection: Connection): void {
    // It may have said what it speaks before we asked.
    this.#joined(connection)
    const id = connection.remotePeer.toString()
    this.#handlers?.stream(id, kind, this.#framed(stream, id))
  }

  #joined(connection: Connection): void {
    const id = connection.remotePeer.toString()
    if (this.#services.has(id) || connection.limits !== undefined) return
    this.#services.add(id)
    // So that libp2p closes connections to others first when there are too many.
    const tags = { 'openconvoy-service': { value: 100 } }
    this.#node.peerStore.merge(connection.remotePeer, { tags }).catch(() => {})
    const limitKey = limitKeyOf(connection.remoteAddr, id, this.#options.limitLoopback)
    this.#handlers?.joined({ id, limitKey, named: this.#options.isNamed(id) })
  }

  #left(id: string): void {
    if (this.#services.delete(id)) this.#handlers?.left(id)
  }

  #framed(stream: Stream, id: string): Libp2pMeshStream {
    const { clock, bufferedBytes, malformed } = this.#options
    return new Libp2pMeshStream(stream, { clock, bufferedBytes, malformed: () => malformed(id) })
  }
}

function unreachable(cause?: unknown): ConvoyError {
  return new ConvoyError('rendezvous-unreachable', 'The other service is not connected.', { cause })
}
