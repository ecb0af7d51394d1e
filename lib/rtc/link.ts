import type { Clock, Listenable, Logger, RandomSource } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import type { LinkBudgets } from './budgets.ts'
import type { Connector, IceServer, IceTransportPolicy } from './connection.ts'

/** How a link does: `open`; `suspect` while nothing was heard for too long; `closed` for good. */
export type LinkState = 'connecting' | 'open' | 'suspect' | 'closed'

/** Why a link closed: this side, the other side, no sign of life, or it never connected. */
export type LinkCloseReason = 'local' | 'remote' | 'silent' | 'failed'

/** Measured quality of a link. */
export interface LinkQuality {
  /** Round trip, ms: smoothed, and the least of the last 30 s. Undefined until measured. */
  rttMs: number | undefined
  minRttMs: number | undefined
  /** Mean deviation of the round trip, ms. */
  jitterMs: number
  /** How much longer than the fastest of some minutes datagrams take on the way out, smoothed, ms: what they queue. */
  queueOutMs: number
  /** Share of the datagrams of the last seconds that did not arrive, 0…1, in each direction. */
  lossIn: number
  lossOut: number
  /** Payload bytes and messages since the link was made, both channels. */
  bytesSent: number
  bytesReceived: number
  datagramsSent: number
  datagramsReceived: number
  /** Datagrams not sent because earlier ones still waited, or nothing was heard for too long. */
  datagramsSkipped: number
  /** Those among them that earlier ones were in the way of. */
  datagramsBacklogged: number
  /** What was dropped on arrival, or refused to this side's program (`control-send-…`), by reason. */
  dropped: Readonly<Record<string, number>>
}

/** Events of a {@link Link}. */
export type LinkEvents = {
  /** A control message: each exactly once and in the order sent. */
  control: Uint8Array
  /** Nothing was heard for a while; or heard again. */
  suspect: undefined
  recovered: undefined
  /** The other side, which is heard, hears nothing from here, or asks for it: time to {@link Link.redial}. */
  unheard: undefined
  /** A new connection carries the link from now on. */
  moved: undefined
  closed: { reason: LinkCloseReason; cause?: unknown }
}

/**
 * Takes one state payload. The bytes are valid during the call only.
 * @param sentAt - when it was sent, on the **sender's** clock, ms, unwrapped; add {@link Link.clockOffset} for local time.
 * @param receivedAt - when it arrived, on the local clock, ms.
 */
export type StateHandler = (payload: Uint8Array, sentAt: number, receivedAt: number) => void

/** What is known of the datagrams that a link sent. */
export interface Deliveries {
  /** Sequence, modulo 2^16, of the newest datagram: right after {@link Link.sendState} returned true, its own. */
  readonly sentSequence: number
  /**
   * Whether the other side reported that the datagram with `sequence` arrived. Tells of the 33 latest at the time of its
   * newest report: false for older ones.
   */
  hasArrived(sequence: number): boolean
}

/** One connection between two peers: `control`, reliable and ordered, and `state`, newest wins. */
export interface Link extends Listenable<LinkEvents> {
  readonly state: LinkState
  /** When the other side was last heard, on the local clock, ms. */
  readonly heardAt: number
  /**
   * Sends a control message of at most `limits.controlMessageBytes`.
   * @throws ConvoyError `message-too-large`, `closed`; `backlog-full` while too much is unacknowledged, `rate-limited`
   * where it is more than every receiver takes ([LNK-33], [LNK-35]): nothing was sent then.
   */
  sendControl(message: Uint8Array): void
  /**
   * Sends one datagram with `payload`, now or never: returns false when it was skipped because earlier ones
   * still wait or nothing has been heard back for too long. Allocates nothing.
   */
  sendState(payload: Uint8Array): boolean
  /** What becomes of the datagrams sent. */
  readonly deliveries: Deliveries
  /** Who takes arriving state payloads; one at a time, since this is the hot path. */
  onState(handler: StateHandler): void
  /**
   * Milliseconds to add to a time on the other side's clock to get local time, from the clock echo in every
   * datagram (the least delay of each direction wins); undefined until both directions carried one. It grows better
   * in steps: slew what is shown.
   */
  readonly clockOffset: number | undefined
  /** What was measured so far. */
  quality(): LinkQuality
  /**
   * Begins a connection that takes over from the present one, which goes on meanwhile; repeated until the other
   * side is heard. Nothing on `control` is lost or doubled. The side that did not initiate asks the other one to, as
   * far as its datagrams still get there. Does nothing where the link was made without `redials`, or while such an
   * attempt goes on.
   */
  redial(): void
  /** Ends the link, telling the other side. Idempotent. */
  close(): void
}

/** The way signals go while a link is being made: the rendezvous, or `control` links of others. */
export interface SignalPort {
  send(signal: Signal): void
  /** Who takes signals from the other side. Signals that arrived before are handed over at once, in order. */
  onSignal(handler: (signal: Signal) => void): void
}

/** Timings of a link; defaults in constants.ts with their reasons. */
export interface LinkTimings {
  /** Longest gap between two datagrams this side sends, ms. */
  heartbeatMs: number
  /** Silence after which the link is suspect, ms. */
  suspectMs: number
  /** Silence after which it is closed, ms. */
  deadMs: number
  /** How long one connection attempt may take, ms. */
  attemptMs: number
  /** How many attempts are made. */
  attempts: number
}

/** What {@link establishLink} takes. */
export interface EstablishOptions {
  connector: Connector
  /** Exactly one of both sides initiates. */
  initiator: boolean
  signals: SignalPort
  clock: Clock
  random: RandomSource
  /** A function is asked anew for each connection: credentials of TURN expire while a link is re-dialled. */
  iceServers?: readonly IceServer[] | (() => readonly IceServer[])
  /** `relay`: over TURN servers alone (default `all`). */
  iceTransportPolicy?: IceTransportPolicy
  timings?: Partial<LinkTimings>
  budgets?: Partial<LinkBudgets>
  /**
   * Whether the link outlives its connection (default false): `signals` then serves for as long as the link, and
   * a connection that ends without a word of farewell makes it suspect, until `deadMs` are over.
   */
  redials?: boolean
  /** Whether each side gives out one signal with all its candidates (default false): for signals that people carry. */
  wholeSignals?: boolean
  logger?: Logger
  signal?: AbortSignal
}
