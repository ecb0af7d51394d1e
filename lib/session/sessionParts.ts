import type { ErrorCode } from '../core/index.ts'
import type { Rules } from '../protocol/index.ts'
import type { Route } from '../rendezvous/index.ts'
import type { Link, LinkCloseReason } from '../rtc/index.ts'
import type { ControlMessage } from './controlMessages.ts'
import type { LinkSignals } from './linkSignals.ts'
import type { LeaveReason, SessionMember } from './member.ts'
import type { Peer } from './peer.ts'
import type { Decision } from './record.ts'
import type { RecordMember } from './recordState.ts'

/** Events of a {@link Session}. */
export type SessionEvents = {
  memberJoined: SessionMember
  memberLeft: { member: SessionMember; reason: LeaveReason; detail: string }
  memberChanged: SessionMember
  rulesChanged: { rules: Rules; changed: readonly (keyof Rules)[]; by: SessionMember; at: number }
  /** The host set the game's time, see {@link RecordState.gameTime}. */
  gameTimeChanged: undefined
  /** The host set a value for everyone, or took it back. */
  sharedChanged: { name: string; by: SessionMember; at: number }
  hostGone: { host: SessionMember; reason: LeaveReason }
  /** Another member decides from now on. */
  hostChanged: { host: SessionMember; former: SessionMember; epoch: number }
  /** This member is another incarnation from now on; links follow. */
  reentered: RecordMember
  hostBack: SessionMember
  /** Somebody was banned or muted, or is no longer. */
  moderated: Decision
  removed: { reason: LeaveReason; detail: string; code?: ErrorCode }
  /** State and channel messages flow between this peer and `member` from now on, or no longer. */
  linkReady: { member: RecordMember; link: Link }
  linkGone: { member: RecordMember }
  /** No host, and no meeting point, is announced for the session that this peer looks for. */
  unannounced: undefined
  closed: undefined
}

/** Takes state payloads of admitted members; the bytes are valid during the call only. */
export type MemberStateHandler = (
  member: RecordMember,
  payload: Uint8Array,
  sentAt: number,
  receivedAt: number,
  clockOffset: number | undefined,
) => void

/** What every member does, the host included: see `MemberRole`. */
export interface SessionRole {
  /** A message of those that are about links and membership. */
  onControl(peer: Peer, message: ControlMessage): void | Promise<void>
  /** The link to `peer` broke, or `peer` said good-bye first, while another decides. */
  onLinkClosed(peer: Peer, reason: LinkCloseReason, saidGoodbye: boolean): void
  /** This peer's network changed: links are dialled again at once, and what waits to be tried is tried. */
  networkChanged(): void
  /** An entry of the record was applied. */
  onApplied(entry: Decision): void
  /** A link with `member` came about over a route: where neither decides it is dialled again through neighbours. */
  adopt(member: RecordMember, link: Link, signals: LinkSignals): void
  /** Another member, or this one, decides from now on. */
  hostChanged(): void
  /** This peer decides, but hears too few of those who vote for long: the others may have gone on elsewhere. */
  adrift(): void
  /** Nobody decides, though there is a link to the host: others may look for it as well. */
  hostSilent(): void
  /** The host, be it this peer, certifies anew that it is a member. */
  renewed(ticket: Uint8Array): void
  /** Answers a member at the meeting point that this peer announces ([SUC-12]). */
  meet(route: Route): void
  /** Idempotent. */
  close(): Promise<void>
}
