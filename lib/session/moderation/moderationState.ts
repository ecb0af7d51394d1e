import { sameBytes, fromHex, toHex } from '../../core/index.ts'
import type { Change } from '../recordEntries.ts'
import { inKeyOrder } from '../snapshot/canonicalOrder.ts'
import { CarriedOut } from './carriedOut.ts'
import { mostBans, mostGrants, mostInvites, mostMuted } from './constants.ts'
import { EndingTable } from './endingTable.ts'
import {
  mutedMedia,
  type Asked,
  type BanSubject,
  type ModerationChange,
  type MutedMedium,
} from './moderationChanges.ts'
import type { ModerationContents } from './moderationContents.ts'
import { rankOf, usualScopes, type GrantedRole, type ModerationScope, type Role } from './roles.ts'

/** Whom the record knows, as the rest of its state has it. */
export interface KnownMembers {
  readonly rules: { readonly moderatorList: readonly string[] }
  /** Who is present with this sign key. */
  member(signKey: Uint8Array): BanFacts | undefined
  /** Who has this sign key, or had it when it was here last. */
  knownMember(signKey: Uint8Array): { readonly id: string } | undefined
}

/** Somebody or something that is kept out. */
export interface RecordedBan {
  readonly subject: BanSubject
  readonly detail: string
  /** When it was decided, and when it ends (null: never), ms since the Unix epoch on the host's clock. */
  readonly at: number
  readonly until: number | null
  /** Sign key of who decided it. */
  readonly by: Uint8Array
  /** Rank of who decided it: those of this rank, or above, it does not concern. */
  readonly rank: number
}

/** What keeps a member from being heard. */
export interface RecordedMute {
  readonly detail: string
  /** When it ends (null: never), ms since the Unix epoch on the host's clock. */
  readonly until: number | null
  readonly by: Uint8Array
  readonly rank: number
}

/** What a ban may be held against. */
export interface BanFacts {
  readonly signKey: Uint8Array
  readonly claims?: readonly string[] | undefined
  /** Digest of the secret of the invite that was used. */
  readonly invite?: Uint8Array | undefined
}

/** What keeps one key from being heard, by medium. */
type Mutes = Partial<Record<MutedMedium, RecordedMute>>

interface Grant {
  readonly role: GrantedRole
  readonly scopes: readonly ModerationScope[]
}

/** Who may do what in a session, and who may not be here or be heard: what the record's entries about that add up to. */
export class ModerationState {
  readonly #known: KnownMembers
  readonly #grants = new Map<string, Grant>()
  readonly #bans = new EndingTable<RecordedBan>(mostBans, ({ until }) => until)
  readonly #mutes = new EndingTable<Mutes>(mostMuted, endOfMutes)
  readonly #invites = new Set<string>()
  #needsInvite = false
  readonly #carriedOut = new CarriedOut()

  constructor(known: KnownMembers) {
    this.#known = known
  }

  /** @param host - sign key of who decides. */
  roleOf(signKey: Uint8Array, host: Uint8Array): Role {
    if (sameBytes(signKey, host)) return 'host'
    const grant = this.#grantOf(signKey)
    if (grant !== undefined) return grant.role
    const id = this.#known.knownMember(signKey)?.id
    return id !== undefined && this.#known.rules.moderatorList.includes(id) ? 'moderator' : 'member'
  }

  #grantOf(signKey: Uint8Array): Grant | undefined {
    // The usual case, asked for every entry in the roster: nobody has one.
    return this.#grants.size === 0 ? undefined : this.#grants.get(toHex(signKey))
  }

  /** @param host - sign key of who decides. */
  scopesOf(signKey: Uint8Array, host: Uint8Array): readonly ModerationScope[] {
    const grant = sameBytes(signKey, host) ? undefined : this.#grantOf(signKey)
    return grant?.scopes ?? usualScopes[this.roleOf(signKey, host)]
  }

  /** Every ban that was not lifted; those that have ended included. */
  get bans(): readonly RecordedBan[] {
    return [...this.#bans.values()]
  }

  /** The ban on `subject`, also where it has ended. */
  banOn(subject: BanSubject): RecordedBan | undefined {
    return this.#bans.get(keyOf(subject))
  }

  /** The ban that keeps somebody out at `now`, by the host's clock. */
  banOf(facts: BanFacts, host: Uint8Array, now: number): RecordedBan | undefined {
    const rank = rankOf(this.roleOf(facts.signKey, host))
    return this.#bansOn(facts).find((ban) => rank < ban.rank && isInForce(ban, now))
  }

  /** What keeps a member from being heard on `medium` at `now`, by the host's clock. */
  muteOf(signKey: Uint8Array, medium: MutedMedium, now: number): RecordedMute | undefined {
    const mute = this.#mutes.get(toHex(signKey))?.[medium]
    return mute !== undefined && isInForce(mute, now) ? mute : undefined
  }

  /** When the next mute ends after `now`, by the host's clock. */
  nextUnmuteAfter(now: number): number | undefined {
    let next: number | undefined
    for (const mutes of this.#mutes.values()) {
      for (const mute of Object.values(mutes)) {
        if (mute.until !== null && mute.until > now && mute.until < (next ?? Infinity)) next = mute.until
      }
    }
    return next
  }

  /** Whether a joiner has to show the secret of an invite. */
  get needsInvite(): boolean {
    return this.#needsInvite
  }

  /** Whether an invite with a secret of this digest was made ([MOD-12]). */
  knowsInvite(secretHash: Uint8Array): boolean {
    return this.#invites.has(toHex(secretHash))
  }

  /**
   * Why `change`, signed by the host with `signer` `at` a time, is beyond what its author may do; undefined where it is not.
   * Depends on nothing but the entry and those before it, so that all members say the same.
   */
  objection(change: Change, signer: Uint8Array, at: number): string | undefined {
    const asked = 'asked' in change ? change.asked : undefined
    const author = asked?.by ?? signer
    if (asked !== undefined) {
      const objection = this.#objectionToAsked(asked, signer)
      if (objection !== undefined) return objection
    }
    const scopes = this.scopesOf(author, signer)
    const rank = rankOf(this.roleOf(author, signer))
    const lacks = (scope: ModerationScope): string | undefined =>
      scopes.includes(scope) ? undefined : `It takes the scope "${scope}", which its author does not have.`
    const outranks = (signKey: Uint8Array): string | undefined =>
      rankOf(this.roleOf(signKey, signer)) < rank
        ? undefined
        : 'Nobody acts on themselves, or on those of their own rank and above.'
    switch (change.type) {
      case 'granted':
        return lacks('grant') ?? outranks(change.signKey) ?? this.#objectionToGrant(change, scopes, rank)
      case 'banned':
        return (
          lacks('ban') ??
          (change.subject.kind === 'identity' ? outranks(change.subject.signKey) : undefined) ??
          (this.#bans.hasRoom(keyOf(change.subject), at)
            ? undefined
            : `There are ${mostBans} bans already. Lift some.`)
        )
      case 'unbanned': {
        const ban = this.banOn(change.subject)
        if (ban === undefined) return 'There is no such ban.'
        return lacks('ban') ?? mayLift(ban, rank)
      }
      case 'muted':
        return (
          lacks('mute') ??
          outranks(change.signKey) ??
          (this.#mutes.hasRoom(toHex(change.signKey), at)
            ? undefined
            : `There are ${mostMuted} muted already. Lift some mutes.`)
        )
      case 'unmuted': {
        const mutes = this.#mutes.get(toHex(change.signKey))
        const lifted = change.what.flatMap((medium) => mutes?.[medium] ?? [])
        if (lifted.length === 0) return 'That member is not muted.'
        return lacks('mute') ?? lifted.map((mute) => mayLift(mute, rank)).find((each) => each !== undefined)
      }
      case 'invited':
        return (
          lacks('invite') ?? (this.#invites.size >= mostInvites ? 'There are too many invites.' : undefined)
        )
      case 'rules':
        if (change.changes.moderatorList !== undefined && asked !== undefined)
          return 'Who moderates is for the host to say.'
        return lacks('rules')
      case 'gameTime':
        return lacks('time')
      case 'left':
        if (change.reason === 'kicked') return lacks('kick') ?? outranks(change.signKey)
        if (asked !== undefined) return 'Only a kick can be asked for.'
        return change.reason === 'banned' ? this.#objectionToBanished(change.signKey) : undefined
      case 'joined':
        return this.banOf(change, signer, at) === undefined ? undefined : 'Who joins there is banned.'
      default:
        return undefined
    }
  }

  /** Applies a change that there is no objection to. */
  apply(change: Change, signer: Uint8Array, at: number): void {
    const asked = 'asked' in change ? change.asked : undefined
    if (asked !== undefined) this.#carriedOut.add(asked)
    const by = asked?.by ?? signer
    const rank = rankOf(this.roleOf(by, signer))
    switch (change.type) {
      case 'founded':
        this.#needsInvite = change.invite !== undefined
        if (change.invite !== undefined) this.#invites.add(toHex(change.invite))
        return
      case 'granted':
        return void this.#grants.set(toHex(change.signKey), change)
      case 'banned': {
        const { subject, detail, lastsMs } = change
        const until = lastsMs === null ? null : at + lastsMs
        return this.#bans.set(keyOf(subject), { subject, detail, at, until, by, rank }, at)
      }
      case 'unbanned':
        return this.#bans.delete(keyOf(change.subject))
      case 'muted': {
        const { detail, lastsMs } = change
        const mute = { detail, until: lastsMs === null ? null : at + lastsMs, by, rank }
        const former = this.#mutes.get(toHex(change.signKey))
        const added = Object.fromEntries(change.what.map((medium) => [medium, mute]))
        return this.#mutes.set(toHex(change.signKey), { ...former, ...added }, at)
      }
      case 'unmuted': {
        const former = this.#mutes.get(toHex(change.signKey)) ?? {}
        const kept = Object.entries(former).filter(([medium]) => !change.what.some((each) => each === medium))
        if (kept.length === 0) return this.#mutes.delete(toHex(change.signKey))
        return this.#mutes.set(toHex(change.signKey), Object.fromEntries(kept), at)
      }
      case 'invited':
        return void this.#invites.add(toHex(change.secretHash))
      default:
    }
  }

  /** Everything in it, as a snapshot has it. */
  contents(): ModerationContents {
    const grants = [...this.#grants].map(([key, { role, scopes }]) => {
      return { signKey: fromHex(key), role, scopes: [...scopes] }
    })
    const mutes = [...this.#mutes.entries()].flatMap(([key, byMedium]) => {
      return mutedMedia.flatMap((medium) => {
        const mute = byMedium[medium]
        return mute === undefined ? [] : [{ signKey: fromHex(key), medium, ...mute }]
      })
    })
    return {
      needsInvite: this.#needsInvite,
      invites: [...this.#invites].sort().map(fromHex),
      grants: inKeyOrder(grants),
      bans: [...this.#bans.values()],
      mutes: inKeyOrder(mutes),
      ...this.#carriedOut.contents(),
    }
  }

  /** Takes over what a snapshot has; this state has to be new. */
  restore(contents: ModerationContents): void {
    this.#needsInvite = contents.needsInvite
    for (const hash of contents.invites) this.#invites.add(toHex(hash))
    for (const { signKey, ...grant } of contents.grants) this.#grants.set(toHex(signKey), grant)
    for (const ban of contents.bans) this.#bans.set(keyOf(ban.subject), ban, ban.at)
    for (const { signKey, medium, ...mute } of contents.mutes) {
      const key = toHex(signKey)
      this.#mutes.set(key, { ...this.#mutes.get(key), [medium]: mute }, 0)
    }
    this.#carriedOut.restore(contents)
  }

  #bansOn({ signKey, claims = [], invite }: BanFacts): RecordedBan[] {
    const subjects: BanSubject[] = [
      { kind: 'identity', signKey },
      ...claims.map((claim) => ({ kind: 'claim' as const, claim })),
      ...(invite === undefined ? [] : [{ kind: 'invite' as const, secretHash: invite }]),
    ]
    return subjects.flatMap((subject) => this.banOn(subject) ?? [])
  }

  #objectionToBanished(signKey: Uint8Array): string | undefined {
    const member = this.#known.member(signKey)
    const banned = member === undefined || this.#bansOn(member).length > 0
    return banned ? undefined : 'Whoever is removed as banned has to be banned.'
  }

  #objectionToAsked(asked: Asked, signer: Uint8Array): string | undefined {
    if (sameBytes(asked.by, signer)) return 'A host asks itself for nothing.'
    if (this.#known.member(asked.by) === undefined) return 'Whoever asked for it is no member.'
    return this.#carriedOut.objection(asked)
  }

  #objectionToGrant(
    { role, scopes, signKey }: Extract<ModerationChange, { type: 'granted' }>,
    own: readonly ModerationScope[],
    rank: number,
  ): string | undefined {
    if (this.#known.knownMember(signKey) === undefined) return 'Roles go to members.'
    if (rankOf(role) >= rank) return 'Nobody can give their own rank, or a higher one.'
    if (role === 'member' && scopes.length > 0) return 'A plain member has no scopes.'
    if (role !== 'moderator' && scopes.includes('grant'))
      return 'Only moderators may be given the scope "grant".'
    const isNew = !this.#grants.has(toHex(signKey))
    if (isNew && this.#grants.size >= mostGrants) return `No more than ${mostGrants} can be given a role.`
    const beyond = scopes.find((scope) => !own.includes(scope))
    return beyond === undefined ? undefined : `The scope "${beyond}" is not its author's to give.`
  }
}

function endOfMutes(mutes: Mutes): number | null {
  const ends = Object.values(mutes).map(({ until }) => until ?? Infinity)
  const last = Math.max(...ends)
  return last === Infinity ? null : last
}

/** Whether something that ends at `until` still holds at `now`. */
function isInForce({ until }: { readonly until: number | null }, now: number): boolean {
  return until === null || now < until
}

function mayLift({ rank }: { readonly rank: number }, own: number): string | undefined {
  return own >= rank ? undefined : 'Somebody of a higher rank has decided that.'
}

function keyOf(subject: BanSubject): string {
  switch (subject.kind) {
    case 'identity':
      return `identity:${toHex(subject.signKey)}`
    case 'claim':
      return `claim:${subject.claim}`
    case 'invite':
      return `invite:${toHex(subject.secretHash)}`
  }
}
