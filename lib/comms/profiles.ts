import * as v from 'valibot'
import { ConvoyError, isConvoyError, TokenBucket } from '../core/index.ts'
import { decodeMessage, encodeMessage } from '../protocol/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import {
  mostProfileBytes,
  profileChangesAtOnce,
  profileChangesPerSecond,
  profilesAtOnce,
} from './constants.ts'
import {
  emptyProfile,
  equalProfiles,
  memberProfileSchema,
  profileLengths,
  type MemberProfile,
} from './memberProfile.ts'

/** Name of the session's channel that carries profiles. */
const channel = 'profile'

/** What each member shows of itself ([CHN-40]). */
export class Profiles {
  readonly #session: Session
  readonly #changed: (member: RecordMember) => void
  readonly #others = new Map<string, MemberProfile>()
  readonly #changes: TokenBucket
  /** Members without a link that this profile was passed on to. */
  readonly #passedTo = new Set<string>()
  #own: MemberProfile

  /** @param changed - told of each member that shows something else than before. */
  constructor(session: Session, own: MemberProfile, changed: (member: RecordMember) => void) {
    this.#session = session
    this.#own = own
    this.#changed = changed
    this.#changes = new TokenBucket(session.environment.clock, profileChangesPerSecond, profileChangesAtOnce)
  }

  /** Takes the profiles of others, and shows one's own to whoever is or comes to be linked. */
  start(): void {
    const { events } = this.#session
    this.#session.onChannel(channel, (from, body) => this.#receive(from, body), {
      perSecond: profileChangesPerSecond,
      atOnce: profilesAtOnce,
    })
    events.on('linkReady', ({ member }) => this.#sendTo(member.id))
    // Where no link comes about, who shows up through another member is shown the profile the same way.
    events.on('memberChanged', ({ id, via }) => {
      if (via !== undefined) this.#passTo(id)
    })
    for (const { member, admitted } of this.#session.peers()) if (admitted) this.#sendTo(member.id)
  }

  of(memberId: string): MemberProfile {
    return memberId === this.#session.self.id ? this.#own : (this.#others.get(memberId) ?? emptyProfile)
  }

  /** @throws ConvoyError `invalid-argument`, `rate-limited`. */
  set(profile: MemberProfile): void {
    const checked = v.safeParse(memberProfileSchema, profile)
    if (!checked.success) {
      const { paint, plates, company, tag } = profileLengths
      throw new ConvoyError(
        'invalid-argument',
        `A profile has paint (up to ${paint} characters), plates (${plates}), company (${company}) and tag (${tag}), ` +
          'each of them optional and without control characters.',
      )
    }
    if (equalProfiles(this.#own, checked.output)) return
    if (!this.#changes.tryTake()) {
      throw new ConvoyError(
        'rate-limited',
        `A profile changes at most ${profileChangesPerSecond} times a second. Wait and try again.`,
      )
    }
    this.#own = Object.freeze({ ...checked.output })
    for (const { member } of this.#session.peers()) this.#sendTo(member.id)
    this.#changed(this.#session.self)
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#others.delete(memberId)
    this.#passedTo.delete(memberId)
  }

  /** Shows the profile to a member that there never was a link to, once. */
  #passTo(memberId: string): void {
    if (this.#passedTo.has(memberId) || this.#session.peer(memberId)?.presence !== 'connecting') return
    this.#passedTo.add(memberId)
    this.#sendTo(memberId)
  }

  #sendTo(memberId: string): void {
    const body = encodeMessage(memberProfileSchema, { ...this.#own }, mostProfileBytes)
    try {
      this.#session.sendChannel([memberId], channel, body)
    } catch (error) {
      // One link that takes no more, which it counts, is no reason to keep the profile from the others.
      if (!isConvoyError(error)) throw error
    }
  }

  #receive(from: RecordMember, body: Uint8Array): void {
    const { dropped } = this.#session.environment
    // What waited for this program may be from somebody who is gone by now.
    if (this.#session.peer(from.id) === undefined) return dropped.add('profile-late')
    this.#passTo(from.id)
    try {
      const profile = Object.freeze(decodeMessage(memberProfileSchema, body, mostProfileBytes))
      if (equalProfiles(this.of(from.id), profile)) return
      this.#others.set(from.id, profile)
      this.#changed(from)
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `profile-${error.code}`)
    }
  }
}
