import type { PeerMeasures } from './peerMessages.ts'

/** What the program of a peer does once it is connected. */
export interface PeerRole {
  /** For others to join; empty where nobody can. */
  readonly invite: string
  /** Sends datagrams to the other peer, for {@link sendMs}. */
  send(): Promise<void>
  measure(): PeerMeasures
  moved?(): void
  close(): Promise<void>
}

/** How long each peer sends, ms: a link that only seemed to be up is suspect by then. */
export const sendMs = 2_000

/** Datagrams per second. */
export const sendRate = 25
