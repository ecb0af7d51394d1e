import { defaultSwitchboardLimits, type SwitchboardLimits } from '../lib/rendezvous/index.ts'

/** Everything the service limits: what `SwitchboardLimits` holds, and what is about connections and STUN. */
export interface SignalingLimits extends SwitchboardLimits {
  /** WebSocket connections altogether. */
  connections: number
  /** WebSocket connections from one address. */
  connectionsPerAddress: number
  /** New connections per second and in a burst, per address. */
  dialsPerSecond: number
  dialsBurst: number
  /** Connections that have not said hello, nor become a WebSocket maybe: altogether, and from one address. */
  pending: number
  pendingPerAddress: number
  /** Bytes waiting for a reader that doesn't read, above which it is cut: for one, for all of one address, altogether. */
  bufferedBytes: number
  bufferedBytesPerAddress: number
  bufferedBytesTotal: number
  /** Bytes waiting for a reader from which on it is watched, and how long it may read nothing then, ms. */
  laggingBytes: number
  stalledMs: number
  /** STUN answers per second and in a burst, per address and altogether. */
  stunPerSecond: number
  stunBurst: number
  stunPerSecondTotal: number
}

/** See {@link SignalingLimits}. */
export const defaultSignalingLimits: SignalingLimits = {
  ...defaultSwitchboardLimits,
  // About 10 KiB each when idle (measured), so 200 MB: what a small rented machine has to spare.
  connections: 20_000,
  // A LAN party of 64, each with a page and a program, or a carrier's NAT.
  connectionsPerAddress: 256,
  // A service that restarted is dialled by all of them within the first second of back-off.
  dialsPerSecond: 10,
  dialsBurst: 256,
  // A handshake takes three round trips, a second on slow links: 2,000 new ones a second. Beyond that, the oldest makes room.
  pending: 2_000,
  // The LAN party, twice over, at the moment when the service came back.
  pendingPerAddress: 128,
  // Above the longest public list (400 KiB); a reader that far behind at signaling's rates is not coming back.
  bufferedBytes: 512 * 1_024,
  // Sixteen of those: more from one address is no coincidence.
  bufferedBytesPerAddress: 8 * 1_024 * 1_024,
  // A quarter of what the connections take; a service that loses more than this to its readers has lost its network.
  bufferedBytesTotal: 64 * 1_024 * 1_024,
  // What one joiner's whole exchange comes to; with less, nobody has to look.
  laggingBytes: 64 * 1_024,
  // A hand-over between networks takes seconds; after this TCP has retried five times and the joiner has given up.
  stalledMs: 20_000,
  // A browser asks about 3 times per interface and connection; 64 friends behind one NAT at once fit the burst.
  stunPerSecond: 20,
  stunBurst: 400,
  // 44 bytes each: below 1 Mbit/s, so nothing to gain by having it answer somebody else.
  stunPerSecondTotal: 2_000,
}

/** How long a closing service waits for its clients to take their leave before it hangs up, ms. */
export const closeGraceMs = 500

/** How long one cut client may take to answer the close frame, ms: it is refused already, nothing is lost. */
export const cutGraceMs = 1_000

/** Between two looks at slow readers, ms: what can gather in between is below a tenth of what one may hold. */
export const slowReadersMs = 1_000

/** Between two looks at whether a draining service is done, ms: nobody notices a tenth of a second. */
export const drainLookMs = 100

/** Clients that a draining service sends away at each look: 2,500 a second, which another service can greet meanwhile. */
export const drainedPerLook = 250

/** How long a draining service lets routes finish unless told otherwise, ms: Docker kills 10 s after it asked. */
export const defaultDrainMs = 8_000

/** Until the headers of an HTTP request have to be there, ms: slower ones are attacks (slowloris). */
export const requestMs = 10_000

/** Between two looks at whether they are, ms: Node's own 30 s would let them stay four times as long as they may. */
export const requestLookMs = 2_000
