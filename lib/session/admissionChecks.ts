import { concat, equalBytes, utf8 } from '../core/index.ts'
import type { Rules, VehicleClass } from '../protocol/index.ts'
import type { Knock, RefusalCode } from './knockMessages.ts'
import type { RecordedBan } from './moderation/moderationState.ts'
import type { Departure } from './recordState.ts'

/** A game and its version, compared as texts. */
export interface GameVersion {
  /** E.g. `ets2`. */
  readonly name: string
  /** E.g. `1.59.1.3`. */
  readonly version: string
}

/** Who asks to be admitted. */
export interface Candidate {
  /** Fingerprint of its keys: stable across sessions. */
  readonly id: string
  readonly name: string
  readonly game: GameVersion | null
  /** Null for a spectator. */
  readonly vehicleClass: VehicleClass | null
  /** What it shows; for an {@link AdmitHook} where there is a {@link VerifyClaims}, what of that is true. */
  readonly claims: readonly string[]
}

/**
 * Resolves to true to admit, or to a reason (at most 200 characters, no control characters) that the candidate is
 * shown. It has 9 s; one that throws or takes longer refuses.
 */
export type AdmitHook = (candidate: Candidate) => boolean | string | Promise<boolean | string>

/**
 * Resolves to those of the candidate's claims that are true: others count as not shown, for `requiredClaims` and for bans. Shares
 * the 9 s of {@link AdmitHook}; one that throws or takes longer refuses.
 */
export type VerifyClaims = (candidate: Candidate) => readonly string[] | Promise<readonly string[]>

/** Why a candidate is not admitted. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  /** Milliseconds until it may be admitted, where that is known. */
  readonly waitMs?: number
}

/** What the checks of a knock look at. */
export interface AdmissionFacts {
  readonly rules: Rules
  readonly game: GameVersion | null
  readonly ban: RecordedBan | undefined
  readonly slotFree: boolean
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/** Whether the games fit ([ADM-4]); spectators run none. */
export function checkGame(hosted: GameVersion | null, knock: Knock): Refusal | undefined {
  if (hosted === null || knock.vehicleClass === null) return undefined
  const { game } = knock
  if (game?.name === hosted.name && game.version === hosted.version) return undefined
  const yours = game === null ? 'no game' : `${game.name} ${game.version}`
  return {
    code: 'game-version',
    message: `This convoy runs ${hosted.name} ${hosted.version}; you run ${yours}. Switch to the same version.`,
  }
}

/** What the check of a return looks at. */
export interface ReturnFacts {
  /** The incarnation that is present under the key; undefined where none is. */
  readonly present: Uint8Array | undefined
  /** How the key was last seen to go, where none is present. */
  readonly departure: Departure | undefined
}

/** Whether a member that was lost may come back without anybody having asked it to ([ADM-16]). */
export function checkReturn({ present, departure }: ReturnFacts, knock: Knock): Refusal | undefined {
  const { former, incarnation } = knock
  if (former === undefined) return undefined
  // Its own may be present twice over: as it was lost, or as an attempt to come back that it heard nothing of.
  const own = present === undefined || equalBytes(present, former) || equalBytes(present, incarnation)
  if (present === undefined && equalBytes(former, incarnation))
    return { code: 'unknown-member', message: 'You are no longer in the roster. Join again.' }
  if (!own) return { code: 'replaced', message: 'The same identity joined again from elsewhere.' }
  if (departure?.reason !== 'kicked') return undefined
  return { code: 'kicked', message: `The host removed you meanwhile. ${departure.detail}`.trim() }
}

/** The checks that follow the password, in the order of [ADM-6]. */
export function checkCandidate(facts: AdmissionFacts, knock: Knock): Refusal | undefined {
  const { rules } = facts
  if (!facts.slotFree) {
    return { code: 'session-full', message: `All ${rules.maxPlayers} places are taken. Try again later.` }
  }
  if (facts.ban !== undefined) return banRefusal(facts.ban, facts.now)
  if (knock.vehicleClass === null) {
    if (!rules.spectators) {
      return { code: 'spectators-refused', message: 'This convoy has no spectators. Join with a vehicle.' }
    }
  } else if (!rules.vehicleClasses.includes(knock.vehicleClass)) {
    const allowed = rules.vehicleClasses.join(', ')
    return {
      code: 'class-refused',
      message: `A ${knock.vehicleClass} may not join; allowed are: ${allowed}.`,
    }
  }
  return checkClaims(rules, knock.claims)
}

/** Whether everything that the host asks for is among `claims`. */
export function checkClaims(rules: Rules, claims: readonly string[]): Refusal | undefined {
  const missing = rules.requiredClaims.filter((claim) => !claims.includes(claim))
  if (missing.length === 0) return undefined
  return { code: 'claims-missing', message: `The host asks for: ${missing.join(', ')}.` }
}

/** Tells who is banned why, and for how long ([MOD-2]). */
export function banRefusal({ detail, until }: RecordedBan, now: number): Refusal {
  const message = `The host has banned you from this convoy. ${detail}`.trim()
  return { code: 'banned', message, ...(until === null ? {} : { waitMs: Math.ceil(until - now) }) }
}

/** Whether somebody who was kicked has cooled down ([MOD-1]). */
export function checkCoolOff(departure: Departure | undefined, now: number): Refusal | undefined {
  if (departure?.reason !== 'kicked' || departure.coolsUntil <= now) return undefined
  const waitMs = Math.ceil(departure.coolsUntil - now)
  const message = `The host removed you. ${departure.detail}`.trim()
  return {
    code: 'kicked',
    message: `${message} You may join again in ${Math.ceil(waitMs / 1_000)} s.`,
    waitMs,
  }
}

const passwordDomain = utf8('openconvoy password proof v1')

/** What a joiner signs with the key of the password ([ADM-5]): of use for this knock of this joiner only. */
export function passwordChallenge(sessionId: Uint8Array, nonce: Uint8Array, signKey: Uint8Array): Uint8Array {
  return concat(passwordDomain, sessionId, nonce, signKey)
}
