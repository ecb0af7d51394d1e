import * as v from 'valibot'
import { ConvoyError, toBase64Url, utf8, type Clock } from '../core/index.ts'
import { bytesUpTo, count, displayText, limits, publicKey, sessionId, token } from '../protocol/index.ts'
import type { StoreLimits } from './constants.ts'
import type { Damages } from './damages.ts'
import type { Store } from './store.ts'
import { Turns } from './turns.ts'
import { Values } from './values.ts'

const subjectSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('identity'), signKey: publicKey }),
  v.strictObject({ kind: v.literal('claim'), claim: token(64) }),
  v.strictObject({ kind: v.literal('invite'), invite: bytesUpTo(64) }),
])

const banSchema = v.strictObject({
  subject: subjectSchema,
  detail: displayText(limits.reasonLength),
  by: publicKey,
  issuedAt: count,
  expiresAt: v.nullable(count),
  sessionId,
})

/**
 * Whom a ban is against: the peer with a sign key, everybody with a verified claim (1 to 64 printable ASCII characters), or
 * everybody who comes by an invite, named by up to 64 bytes.
 */
export type StoredBanSubject =
  | { kind: 'identity'; signKey: Uint8Array }
  | { kind: 'claim'; claim: string }
  | { kind: 'invite'; invite: Uint8Array }

/** A ban that outlives the session in which it was decided. */
export interface StoredBan {
  subject: StoredBanSubject
  /** The reason that the banned is shown, at most 200 characters. */
  detail: string
  /** Sign key of who decided it. */
  by: Uint8Array
  /** When, ms since 1970. */
  issuedAt: number
  /** When it ends, ms since 1970; null: never. */
  expiresAt: number | null
  /** The session in which it was decided. */
  sessionId: Uint8Array
}

/** Who may not come in. One ban a subject: a later one takes the place of the former. */
export interface BanRepository {
  /**
   * Resolves once the disk has it.
   * @throws ConvoyError `invalid-argument`, or `store-full` when there are {@link StoreLimits.bans} in force.
   */
  put(ban: StoredBan): Promise<void>
  /** Lifts a ban; resolves once the disk has it. Does nothing where there is none. */
  delete(subject: StoredBanSubject): Promise<void>
  /** All bans in force, oldest first. Those that have ended are deleted. */
  list(): Promise<StoredBan[]>
}

export class StoredBans implements BanRepository {
  readonly #store: Store
  readonly #values: Values<v.InferOutput<typeof banSchema>>
  readonly #clock: Clock
  readonly #most: number
  readonly #turns = new Turns()

  constructor(store: Store, damages: Damages, clock: Clock, { bans }: StoreLimits) {
    this.#store = store
    this.#values = new Values(store, 'bans', banSchema, damages)
    this.#clock = clock
    this.#most = bans
  }

  put(ban: StoredBan): Promise<void> {
    return this.#turns.take(async () => {
      const key = keyOf(ban.subject)
      const change = this.#values.put(key, ban)
      const others = (await this.#inForce()).filter(([other]) => other !== key)
      if (others.length >= this.#most) {
        throw new ConvoyError(
          'store-full',
          `The store holds ${others.length} bans, which is all it may. Lift some, or raise the limit.`,
        )
      }
      await this.#store.batch([change], { durable: true })
    })
  }

  delete(subject: StoredBanSubject): Promise<void> {
    return this.#turns.take(() => this.#store.delete('bans', keyOf(subject), { durable: true }))
  }

  list(): Promise<StoredBan[]> {
    return this.#turns.take(async () =>
      (await this.#inForce()).map(([, ban]) => ban).sort((a, b) => a.issuedAt - b.issuedAt),
    )
  }

  async #inForce(): Promise<[string, StoredBan][]> {
    const now = this.#clock.wallTime()
    const all = await this.#values.all()
    const hasEnded = ([, { expiresAt }]: [string, StoredBan]): boolean =>
      expiresAt !== null && expiresAt <= now
    await this.#store.batch(all.filter(hasEnded).map(([key]) => this.#values.delete(key)))
    return all.filter((each) => !hasEnded(each))
  }
}

/** @throws ConvoyError `invalid-argument`. */
function keyOf(subject: StoredBanSubject): string {
  if (!v.is(subjectSchema, subject)) {
    throw new ConvoyError(
      'invalid-argument',
      'A ban is against a sign key of 32 bytes, a claim of up to 64 printable ASCII characters or an invite of up to 64 bytes.',
    )
  }
  switch (subject.kind) {
    case 'identity':
      return `identity/${toBase64Url(subject.signKey)}`
    case 'claim':
      return `claim/${toBase64Url(utf8(subject.claim))}`
    case 'invite':
      return `invite/${toBase64Url(subject.invite)}`
  }
}
