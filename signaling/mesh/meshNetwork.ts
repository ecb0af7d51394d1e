/** What a stream between two services is for. */
export type StreamKind = 'feed' | 'route'

/** Whole frames between two services, in order, on a connection that proves who they are and keeps others from reading. */
export interface MeshStream {
  /** The next frame; undefined once there is none to come. Not asking for it holds the sender back. Never rejects. */
  next(): Promise<Uint8Array | undefined>
  /** Nothing happens where the stream is over. */
  send(frame: Uint8Array): void
  /** Resolves once there is room for more, or the stream is over. */
  drained(): Promise<void>
  /** Ends it after what was sent. Idempotent. */
  close(): void
  /** Ends it at once. Idempotent. */
  abort(): void
}

/** Another service, as the network sees it. */
export interface MeshPeer {
  /** Its public key, as text. */
  readonly id: string
  /** Where it is, as limits per address count it; null where they do not hold. */
  readonly limitKey: string | null
  /** Whether the operator named it. */
  readonly named: boolean
}

/** What a {@link MeshNetwork} tells. */
export interface MeshNetworkHandlers {
  /** A service is connected. */
  joined(peer: MeshPeer): void
  /** It is not any more. */
  left(id: string): void
  /** A service that is connected opened a stream. */
  stream(id: string, kind: StreamKind, stream: MeshStream): void
}

/** What connects services: libp2p, or something in its place on simulated time. */
export interface MeshNetwork {
  /** @throws ConvoyError `rendezvous-unreachable` or `aborted`. */
  open(id: string, kind: StreamKind, signal: AbortSignal): Promise<MeshStream>
  /** Ends the connection to a service that is silent; both may connect again. */
  disconnect(id: string): void
  /** The same, and has nothing to do with it for so long. */
  shun(id: string, durationMs: number): void
}
