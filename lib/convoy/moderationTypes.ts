import type { Member } from '../comms/index.ts'
import type { BanSubject, MutedMedium } from '../session/index.ts'

export type { BanSubject } from '../session/index.ts'

/**
 * Whom to ban: a member by its id, also one that has left; everyone with a claim; everyone who came by the invite that a member
 * used; or a subject as {@link Ban} has it, e.g. from a list that your program keeps.
 */
export type BanTarget = string | { readonly claim: string } | { readonly inviteOf: string } | BanSubject

/** A ban in force. */
export interface Ban {
  readonly subject: BanSubject
  /** Id of the member whose identity is banned, where it was here. */
  readonly memberId: string | undefined
  /** The name it had. */
  readonly name: string | undefined
  readonly reason: string
  /** When it was decided, and when it ends (null: never), ms since the Unix epoch on the host's clock. */
  readonly at: number
  readonly until: number | null
  /** Id of the member that decided it, where that is known. */
  readonly by: string | undefined
}

/** What {@link Convoy.kick} takes. */
export interface KickOptions {
  /** Shown to the member: at most 200 characters. */
  readonly reason?: string
  /** How long it may not join again, ms, 0 to 24 hours (default one minute). */
  readonly coolOffMs?: number
}

/** What {@link Convoy.ban} takes. */
export interface BanOptions {
  /** Shown to who is banned: at most 200 characters. */
  readonly reason?: string
  /** How long the ban holds, ms, up to ten years; as long as the session lives where left out. */
  readonly expiresInMs?: number
}

/** What {@link Convoy.mute} takes. */
export interface MuteOptions {
  /** What the member is not heard on (default both). */
  readonly what?: readonly MutedMedium[]
  /** Shown to the member: at most 200 characters. */
  readonly reason?: string
  /** How long it holds, ms, up to ten years; until it is lifted where left out. */
  readonly expiresInMs?: number
}

/** Who was muted. */
export interface MutedEvent {
  readonly member: Member
  readonly what: readonly MutedMedium[]
  readonly reason: string
  /** When it ends (null: never), ms since the Unix epoch on the host's clock. */
  readonly until: number | null
  /** Who decided it; undefined where that member is gone. */
  readonly by: Member | undefined
}
