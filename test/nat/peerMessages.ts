import type { IceServer } from '../../lib/rtc/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'

export type NodeEngine = 'datachannel' | 'werift'

/** What a peer's process is told to do first. */
export type PeerTask = { readonly engine: NodeEngine } & (
  | ({ readonly role: 'host'; readonly signaling: string } & IceTask)
  | ({ readonly role: 'join'; readonly invite: string } & IceTask)
  /** A bare link: what a convoy never sends, datagrams of full length, can be sent over it. */
  | { readonly role: 'link'; readonly initiator: boolean; readonly stun: string }
)

/** What differs from the defaults about ICE. */
export interface IceTask {
  readonly iceServers?: readonly IceServer[]
  readonly relayOnly?: boolean
}

/** What the test tells a peer's process. */
export type ToPeer =
  | { readonly type: 'start'; readonly task: PeerTask }
  /** From the other end of a bare link. */
  | { readonly type: 'signal'; readonly signal: Signal }
  /** Sends to the other peer for a while. */
  | { readonly type: 'send' }
  | { readonly type: 'measure' }
  /** Tells the convoy that the network changed. */
  | { readonly type: 'moved' }
  | { readonly type: 'close' }

/** What it tells the test. */
export type FromPeer =
  | { readonly type: 'ready'; readonly tookMs: number; readonly invite: string }
  | { readonly type: 'failed'; readonly tookMs: number; readonly code: string; readonly message: string }
  | { readonly type: 'signal'; readonly signal: Signal }
  | { readonly type: 'sent' }
  | { readonly type: 'measured'; readonly measures: PeerMeasures }

/** What a peer saw of the other one. */
export interface PeerMeasures {
  /** Datagrams with a vehicle, or of full length. */
  readonly sent: number
  readonly received: number
  readonly rttMs: number | undefined
  /** Kinds of candidates it offered, e.g. `host` and `srflx`. */
  readonly candidates: readonly string[]
  /** Addresses that its candidates and session descriptions held. */
  readonly addressesTold: readonly string[]
  /** Links that are open. */
  readonly links: number
}
