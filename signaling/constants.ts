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
  /** Bytes waiting for a reader that doesn't read, above which it is cut. */
  bufferedBytes: number
  /** STUN answers per second and in a burst, per address and altogether. */
  stunPerSecond: number
  stunBurst: number
  stunPerSecondTotal: number
}

/** See {@link SignalingLimits}. */
export const defaultSignalingLimits: SignalingLimits = {
  ...defaultSwitchboardLimits,
  // About 16 KiB each when idle (measured), so 320 MB: what a small rented machine has to spare.
  connections: 20_000,
  // A LAN party of 64, each with a page and a program, or a carrier's NAT.
  connectionsPerAddress: 256,
  // A service that restarted is dialled by all of them within the first second of back-off.
  dialsPerSecond: 10,
  dialsBurst: 256,
  // Above the longest public list (400 KiB); a reader that far behind at signaling's rates is not coming back.
  bufferedBytes: 512 * 1_024,
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

/** Until the headers of an HTTP request have to be there, ms: slower ones are attacks (slowloris). */
export const requestMs = 10_000
