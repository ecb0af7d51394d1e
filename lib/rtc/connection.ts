import type { Signal } from '../protocol/index.ts'

/** Where STUN and TURN servers are, as `RTCPeerConnection` takes it. */
export interface IceServer {
  urls: string | string[]
  username?: string
  credential?: string
}

/**
 * Which ways a connection may take: `all`, or over TURN servers alone (`relay`), so that neither the other side nor who brings
 * the signals learns an address of this side.
 */
export type IceTransportPolicy = 'all' | 'relay'

/** What a {@link Connection} tells its owner. Set before the connection does anything. */
export interface ConnectionHandlers {
  /** A signal (without attempt number) to bring to the other side by whatever way. */
  signal(signal: Signal): void
  /** No further candidate of this side follows, as far as the engine tells. */
  gathered?(): void
  /** Both channels are open. */
  open(): void
  /** A message on `control`. The bytes belong to the receiver. */
  control(bytes: Uint8Array): void
  /** A datagram on `state`. The bytes are valid during the call only. */
  state(bytes: Uint8Array): void
  /** The connection is over: exactly once, also after {@link Connection.close}, and nothing follows it. */
  closed(reason: ConnectionCloseReason, cause?: unknown): void
  /** Something from the other side was refused, by name: a signal, a candidate, a message of the wrong kind. */
  refused?(reason: string): void
}

/**
 * Why a connection ended. `violated`: the other side did what no sound one does, so that none shall take over from this
 * connection.
 */
export type ConnectionCloseReason = 'local' | 'remote' | 'failed' | 'violated'

/**
 * One attempt at two channels between two peers: over WebRTC, or simulated. What it is worth (retries,
 * liveness, acknowledgements) is up to the link.
 */
export interface Connection {
  /** Takes a signal that the other side's handlers gave out. Malformed or foreign ones are refused and counted. */
  signal(signal: Signal): void
  /** Sends on `control`: reliable, ordered. */
  sendControl(bytes: Uint8Array): void
  /** Sends on `state`: unordered, never repeated. The bytes are copied before it returns. */
  sendState(bytes: Uint8Array): void
  /** Bytes that wait to be sent on each channel, as far as the engine tells. */
  readonly controlBufferedAmount: number
  readonly stateBufferedAmount: number
  /** Ends the connection and frees everything it holds. Idempotent. */
  close(): void
}

/** What a connection is made with. */
export interface ConnectionOptions {
  /** Whether this side makes the offer. */
  initiator: boolean
  /** Names this attempt in signals. */
  attempt: number
  iceServers: readonly IceServer[]
  /** Whether this side gives out one signal only, with all its candidates: for signals that people carry. */
  wholeSignals?: boolean
  /** `all` where left out. */
  iceTransportPolicy?: IceTransportPolicy
  handlers: ConnectionHandlers
}

/** Makes connections: one per engine, and the simulated one. */
export interface Connector {
  /** `browser`, `datachannel`, `werift` or `simulated`. */
  readonly name: string
  connect(options: ConnectionOptions): Connection
}
