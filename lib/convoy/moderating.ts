import * as v from 'valibot'
import type { Member } from '../comms/index.ts'
import { ConvoyError, type Emitter } from '../core/index.ts'
import { decodeInvite, encodeInvite } from '../identity/index.ts'
import {
  askableChangeSchema,
  banSubjectSchema,
  coolOffMs,
  grantedRole,
  inviteHashOf,
  mostCoolOffMs,
  mostLastingMs,
  mutedMedia,
  usualScopes,
  type AskableChange,
  type BanSubject,
  type GrantedRole,
  type ModerationScope,
  type MutedMedium,
  type RecordedBan,
  type RecordMember,
  type Session,
} from '../session/index.ts'
import type { Ban, BanOptions, BanTarget, KickOptions, MuteOptions } from './moderationTypes.ts'
import { checkReason } from './options.ts'
import type { Convoy, ConvoyEvents } from './types.ts'

/** What {@link Moderating} stands on. */
export interface ModeratingSurroundings {
  readonly session: Session
  readonly events: Emitter<ConvoyEvents>
  readonly invite: string
  readonly describe: (member: RecordMember) => Member
  /** @throws ConvoyError `closed`. */
  readonly requireOpen: () => void
}

/** What of a {@link Convoy} is about who may do what, and who may be here. */
type ModeratedConvoy = Pick<
  Convoy,
  'bans' | 'setRole' | 'kick' | 'ban' | 'unban' | 'mute' | 'unmute' | 'createInvite'
>

/** Roles, removals, bans and mutes of a convoy, as its program asks for them and hears of them. */
export class Moderating implements ModeratedConvoy {
  readonly #around: ModeratingSurroundings

  constructor(around: ModeratingSurroundings) {
    this.#around = around
    this.#follow()
  }

  get bans(): readonly Ban[] {
    const { moderation, record } = this.#around.session
    const now = moderation.hostTime()
    return record.state.moderation.bans
      .filter(({ until }) => until === null || until > now)
      .map((ban) => this.#described(ban))
  }

  async setRole(
    memberId: string,
    role: GrantedRole,
    scopes?: readonly ModerationScope[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { session } = this.#around
    if (!v.is(grantedRole, role)) throw invalid('A role is "moderator", "staff" or "member".')
    const { signKey } = this.#known(memberId)
    const own = session.moderation.scopesOf(session.self)
    const usual = usualScopes[role].filter((scope) => own.includes(scope))
    await this.#decide({ type: 'granted', signKey, role, scopes: [...(scopes ?? usual)] }, signal)
  }

  async kick(memberId: string, why: string | KickOptions = '', signal?: AbortSignal): Promise<void> {
    const { reason = '', coolOffMs: cools = coolOffMs } = typeof why === 'string' ? { reason: why } : why
    checkReason(reason)
    if (!(Number.isInteger(cools) && cools >= 0 && cools <= mostCoolOffMs))
      throw invalid(`"coolOffMs" is a whole number of milliseconds from 0 to ${mostCoolOffMs}.`)
    const { signKey } = this.#known(memberId)
    await this.#decide({ type: 'left', signKey, reason: 'kicked', detail: reason, coolOffMs: cools }, signal)
  }

  async ban(target: BanTarget, why: string | BanOptions = '', signal?: AbortSignal): Promise<void> {
    const { reason = '', expiresInMs }: BanOptions = typeof why === 'string' ? { reason: why } : why
    checkReason(reason)
    const lastsMs = lasting(expiresInMs)
    await this.#decide({ type: 'banned', subject: this.#subjectOf(target), detail: reason, lastsMs }, signal)
  }

  async unban(target: BanTarget, signal?: AbortSignal): Promise<void> {
    await this.#decide({ type: 'unbanned', subject: this.#subjectOf(target) }, signal)
  }

  async mute(memberId: string, options: MuteOptions = {}, signal?: AbortSignal): Promise<void> {
    const { what, reason = '', expiresInMs } = options
    checkReason(reason)
    const { signKey } = this.#known(memberId)
    const lastsMs = lasting(expiresInMs)
    await this.#decide({ type: 'muted', signKey, what: mediaOf(what), detail: reason, lastsMs }, signal)
  }

  async unmute(memberId: string, what?: readonly MutedMedium[], signal?: AbortSignal): Promise<void> {
    const { signKey } = this.#known(memberId)
    await this.#decide({ type: 'unmuted', signKey, what: mediaOf(what) }, signal)
  }

  async createInvite(signal?: AbortSignal): Promise<string> {
    const { session, invite } = this.#around
    const secret = session.environment.random.bytes(16)
    await this.#decide({ type: 'invited', secretHash: inviteHashOf(secret) }, signal)
    return encodeInvite({ ...decodeInvite(invite), secret })
  }

  async #decide(change: AskableChange, signal: AbortSignal | undefined): Promise<void> {
    this.#around.requireOpen()
    if (!v.is(askableChangeSchema, change))
      throw invalid('A scope, or what to mute, is none of those that there are.')
    await this.#around.session.moderation.decide(change, signal)
  }

  /** Tells listeners of bans and mutes. */
  #follow(): void {
    const { session, events, describe } = this.#around
    const memberOf = (signKey: Uint8Array): Member | undefined => {
      const member = session.record.state.member(signKey)
      return member === undefined ? undefined : describe(member)
    }
    session.events.on('moderated', ({ change, signKey, at }) => {
      const by = 'asked' in change ? (change.asked?.by ?? signKey) : signKey
      switch (change.type) {
        case 'banned': {
          const ban = session.record.state.moderation.banOn(change.subject)
          if (ban !== undefined) events.emit('banned', this.#described(ban))
          return
        }
        case 'unbanned':
          return events.emit('unbanned', { subject: change.subject, by: memberOf(by) })
        case 'muted': {
          const member = memberOf(change.signKey)
          const { what, detail: reason, lastsMs } = change
          const until = lastsMs === null ? null : at + lastsMs
          if (member !== undefined) events.emit('muted', { member, what, reason, until, by: memberOf(by) })
          return
        }
        case 'unmuted': {
          const member = memberOf(change.signKey)
          if (member !== undefined) events.emit('unmuted', { member, what: change.what, by: memberOf(by) })
          return
        }
        default:
      }
    })
  }

  #subjectOf(target: BanTarget): BanSubject {
    if (typeof target === 'string') return { kind: 'identity', signKey: this.#known(target).signKey }
    if ('claim' in target && !('kind' in target)) return checkSubject({ kind: 'claim', claim: target.claim })
    if (!('inviteOf' in target)) return checkSubject(target)
    const { invite } = this.#known(target.inviteOf)
    if (invite === undefined)
      throw invalid('That member came by an invite without a secret, which anybody can make.')
    return { kind: 'invite', secretHash: invite }
  }

  /** A member, also one that has left. */
  #known(id: string): RecordMember {
    const { session } = this.#around
    const member = session.record.state.knownMemberById(id)
    if (member !== undefined && member.id !== session.self.id) return member
    throw invalid(`There is no other member "${id}". Take ids from convoy.members.`)
  }

  #described({ subject, detail, at, until, by }: RecordedBan): Ban {
    const { state } = this.#around.session.record
    const member = subject.kind === 'identity' ? state.knownMember(subject.signKey) : undefined
    const author = state.knownMember(by)?.id
    return { subject, memberId: member?.id, name: member?.name, reason: detail, at, until, by: author }
  }
}

function mediaOf(what: readonly MutedMedium[] | undefined): MutedMedium[] {
  return mutedMedia.filter((medium) => what?.includes(medium) ?? true)
}

function lasting(expiresInMs: number | undefined): number | null {
  if (expiresInMs === undefined) return null
  if (Number.isInteger(expiresInMs) && expiresInMs >= 1 && expiresInMs <= mostLastingMs) return expiresInMs
  throw invalid(`"expiresInMs" is a whole number of milliseconds from 1 to ${mostLastingMs}.`)
}

function checkSubject(subject: unknown): BanSubject {
  if (v.is(banSubjectSchema, subject)) return subject
  throw invalid(
    'A ban is about a member id, a claim of up to 64 printable ASCII characters, or a subject of convoy.bans.',
  )
}

const invalid = (message: string): ConvoyError => new ConvoyError('invalid-argument', message)
