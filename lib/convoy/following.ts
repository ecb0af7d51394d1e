import * as v from 'valibot'
import { ConvoyError, isConvoyError, TokenBucket } from '../core/index.ts'
import { decodeMessage, encodeMessage, token } from '../protocol/index.ts'
import type { RecordMember, Session } from '../session/index.ts'

/** Name of the session's channel that tells whom a member follows. */
const channel = 'follow'

/** Characters of a member id, with room to spare. */
const idLength = 64

/** Bytes of one such message: an id and the name of its field. */
const messageBytes = 96

/** Changes per second, and at once: somebody who flips through the members. */
const changesPerSecond = 2
const changesAtOnce = 10

/** Messages taken from one member at once: its changes, and one more for each link that was made anew. */
const messagesAtOnce = 4 * changesAtOnce

const followSchema = v.strictObject({ member: v.nullable(token(idLength)) })

/** What {@link Following} needs of a session. */
export type FollowedSession = Pick<
  Session,
  'environment' | 'events' | 'onChannel' | 'peer' | 'peers' | 'sendChannel'
>

/** Who follows whom ([INT-10]): told to all, since others near the one who is followed matter to the follower too. */
export class Following {
  readonly #session: FollowedSession
  readonly #byMember = new Map<string, string>()
  readonly #changes: TokenBucket
  #own: string | null = null

  constructor(session: FollowedSession) {
    this.#session = session
    this.#changes = new TokenBucket(session.environment.clock, changesPerSecond, changesAtOnce)
    session.onChannel(channel, (from, body) => this.#receive(from, body), {
      perSecond: changesPerSecond,
      atOnce: messagesAtOnce,
    })
    session.events.on('linkReady', ({ member }) => {
      if (this.#own !== null) this.#tell([member.id])
    })
  }

  /** Id of the member that this one follows. */
  get own(): string | null {
    return this.#own
  }

  /** Id of the member that another one follows. */
  of(memberId: string): string | undefined {
    return this.#byMember.get(memberId)
  }

  /** @throws ConvoyError `invalid-argument`, `rate-limited`. */
  set(memberId: string | null): void {
    if (memberId === this.#own) return
    if (memberId !== null && this.#session.peer(memberId) === undefined) {
      throw new ConvoyError(
        'invalid-argument',
        `There is no other member "${memberId}". Take ids from convoy.members.`,
      )
    }
    if (!this.#changes.tryTake()) {
      throw new ConvoyError(
        'rate-limited',
        `Whom to follow changes at most ${changesPerSecond} times a second. Wait and try again.`,
      )
    }
    this.#own = memberId
    this.#tellAll()
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#byMember.delete(memberId)
    if (this.#own !== memberId) return
    this.#own = null
    this.#tellAll()
  }

  #tellAll(): void {
    this.#tell(Array.from(this.#session.peers(), ({ member }) => member.id))
  }

  #tell(memberIds: readonly string[]): void {
    const body = encodeMessage(followSchema, { member: this.#own }, messageBytes)
    try {
      this.#session.sendChannel(memberIds, channel, body)
    } catch (error) {
      // Links that take no more count it, and whom somebody follows is no reason to stop anything.
      if (!isConvoyError(error)) throw error
    }
  }

  #receive(from: RecordMember, body: Uint8Array): void {
    const { dropped } = this.#session.environment
    // What waited for this program may be from somebody who is gone by now.
    if (this.#session.peer(from.id) === undefined) return dropped.add('follow-late')
    try {
      const { member } = decodeMessage(followSchema, body, messageBytes)
      if (member === null) this.#byMember.delete(from.id)
      else this.#byMember.set(from.id, member)
    } catch (error) {
      if (!isConvoyError(error)) throw error
      dropped.addFrom(from.id, `follow-${error.code}`)
    }
  }
}
