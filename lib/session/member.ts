import type { VehicleClass } from '../protocol/index.ts'
import type { MutedMedium } from './moderation/moderationChanges.ts'
import type { ModerationScope, Role } from './moderation/roles.ts'
import type { Restriction } from './restriction.ts'

export type { Restriction } from './restriction.ts'

export type { GrantedRole, ModerationScope, Role } from './moderation/roles.ts'
export type { MutedMedium } from './moderation/moderationChanges.ts'

/** How the link to a member does, as this peer sees it. `self` for this peer's own entry. */
export type Presence = 'self' | 'connecting' | 'connected' | 'suspect' | 'away'

/** One entry of the roster, as this peer sees it. A snapshot: it does not change after it was handed out. */
export interface SessionMember {
  /** The fingerprint of the member's keys: stable across rejoins. */
  readonly id: string
  /** 0 is the founding host's; a slot is not given to another identity while its owner may come back. */
  readonly slot: number
  readonly name: string
  /** Null for a spectator. */
  readonly vehicleClass: VehicleClass | null
  readonly role: Role
  /** What it may do besides driving and talking; see {@link Convoy.setRole}. */
  readonly scopes: readonly ModerationScope[]
  /** On what it is not heard right now; see {@link Convoy.mute}. */
  readonly muted: readonly MutedMedium[]
  /** The claims that it was admitted with: verified, where the host has `verifyClaims`. */
  readonly claims: readonly string[]
  readonly presence: Presence
  /**
   * Round trip of the direct link, ms; undefined until measured, and for this peer itself. It says nothing of the way
   * through {@link SessionMember.via}.
   */
  readonly pingMs: number | undefined
  /** Id of the member that forwards this one's vehicle while the direct link carries nothing; else undefined. */
  readonly via: string | undefined
  /** What it may not do for now, and why; null for nothing. */
  readonly restricted: Restriction | null
}

/**
 * Why a member is no longer in the session. `lost`: not heard any more, or joined anew from elsewhere; `host-gone`: the host
 * was, and with it the way to that member; `refused`: it was lost, and the host did not take it back.
 */
export type LeaveReason = 'left' | 'kicked' | 'banned' | 'lost' | 'host-gone' | 'refused'
