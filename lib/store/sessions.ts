import * as v from 'valibot'
import { ConvoyError, fromHex, toHex, type Clock } from '../core/index.ts'
import { count, sessionId as sessionIdSchema } from '../protocol/index.ts'
import type { StoreLimits } from './constants.ts'
import type { Damages } from './damages.ts'
import type { Store, StoreChange, WriteOptions } from './store.ts'
import { Turns } from './turns.ts'
import { Values } from './values.ts'

const summarySchema = v.strictObject({ entries: count, bytes: count, writtenAt: count })

/** A session whose record is stored. */
export interface SessionSummary {
  sessionId: Uint8Array
  /** How many entries of the record are stored: 0 up to this, without it. */
  entries: number
  /** Bytes of all of them. */
  bytes: number
  /** When one was last written, ms since 1970. */
  writtenAt: number
}

/** Records of sessions, entry by entry. Where there is no room, sessions written to longest ago go. */
export interface SessionRepository {
  /**
   * Stores `entries` of a session's record from number `from` on, in place of whatever stands there and after it.
   * @throws ConvoyError `invalid-argument` when this would leave a gap; `store-full` when this session alone is larger than
   * {@link StoreLimits.sessionsBytes}.
   */
  write(
    sessionId: Uint8Array,
    from: number,
    entries: readonly Uint8Array[],
    options?: WriteOptions,
  ): Promise<void>
  /** The entries from number `from` (default 0) on, in their order and without a gap: up to the first that was lost. */
  read(sessionId: Uint8Array, from?: number): Promise<Uint8Array[]>
  /** Last written first. */
  list(): Promise<SessionSummary[]>
  /** Does nothing where there is none. */
  delete(sessionId: Uint8Array): Promise<void>
}

const collection = 'entries'
/** Digits of an entry's number in its key, so that keys sort as numbers do. */
const numberDigits = 12

export class StoredSessions implements SessionRepository {
  readonly #store: Store
  readonly #values: Values<v.InferOutput<typeof summarySchema>>
  readonly #damages: Damages
  readonly #clock: Clock
  readonly #limits: StoreLimits
  readonly #turns = new Turns()

  constructor(store: Store, damages: Damages, clock: Clock, limits: StoreLimits) {
    this.#store = store
    this.#values = new Values(store, 'sessions', summarySchema, damages)
    this.#damages = damages
    this.#clock = clock
    this.#limits = limits
  }

  write(
    sessionId: Uint8Array,
    from: number,
    entries: readonly Uint8Array[],
    options?: WriteOptions,
  ): Promise<void> {
    return this.#turns.take(() => this.#write(idOf(sessionId), from, entries, options))
  }

  read(sessionId: Uint8Array, from = 0): Promise<Uint8Array[]> {
    return this.#turns.take(async () => {
      const id = idOf(sessionId)
      const entries: Uint8Array[] = []
      for await (const { key, value } of this.#store.entries(collection, { from: keyOf(id, from) })) {
        if (key !== keyOf(id, from + entries.length)) break
        entries.push(value)
      }
      const end = from + entries.length
      if (end < ((await this.#values.get(id))?.entries ?? 0)) {
        const message = `The record of session ${id} ends at entry ${end}: those that follow are lost.`
        await this.#damages.tell({ message, aside: null })
        // Written down as it is now, so that it goes on from there.
        await this.#write(id, end, [])
      }
      return entries
    })
  }

  async list(): Promise<SessionSummary[]> {
    const all = (await this.#values.all()).map(([id, summary]) => ({ sessionId: fromHex(id), ...summary }))
    return all.sort((a, b) => b.writtenAt - a.writtenAt)
  }

  delete(sessionId: Uint8Array): Promise<void> {
    return this.#turns.take(async () => this.#store.batch(await this.#deletionOf(idOf(sessionId))))
  }

  async #write(
    id: string,
    from: number,
    entries: readonly Uint8Array[],
    options?: WriteOptions,
  ): Promise<void> {
    const stored = await this.#values.get(id)
    if (!v.is(count, from) || from > (stored?.entries ?? 0)) {
      throw new ConvoyError(
        'invalid-argument',
        `Entry ${from} of the record can't be stored: the next one is ${stored?.entries ?? 0}.`,
      )
    }
    const former = await this.#stored(id, from)
    const replaced = former.reduce((sum, { bytes }) => sum + bytes, 0)
    const added = entries.reduce((sum, entry) => sum + entry.length, 0)
    const bytes = Math.max(0, (stored?.bytes ?? 0) - replaced) + added
    const room = await this.#makeRoom(id, bytes)
    const summary = { entries: from + entries.length, bytes, writtenAt: this.#clock.wallTime() }
    await this.#store.batch(
      [
        ...former.map(({ key }) => deletion(key)),
        ...entries.map((value, index) => {
          return { type: 'put', collection, key: keyOf(id, from + index), value } as const
        }),
        this.#values.put(id, summary),
        ...room,
      ],
      options,
    )
  }

  /** What has to go so that session `id` may have `bytes`. */
  async #makeRoom(id: string, bytes: number): Promise<StoreChange[]> {
    const { sessions, sessionsBytes } = this.#limits
    if (bytes > sessionsBytes) {
      throw new ConvoyError(
        'store-full',
        `The record has ${bytes} bytes, and the store takes at most ${sessionsBytes}. Raise the limit.`,
      )
    }
    const others = (await this.list()).filter((other) => toHex(other.sessionId) !== id)
    let total = bytes + others.reduce((sum, other) => sum + other.bytes, 0)
    const changes: StoreChange[] = []
    while (others.length >= sessions || total > sessionsBytes) {
      const oldest = others.pop()
      if (oldest === undefined) break
      total -= oldest.bytes
      changes.push(...(await this.#deletionOf(toHex(oldest.sessionId))))
    }
    return changes
  }

  async #deletionOf(id: string): Promise<StoreChange[]> {
    return [this.#values.delete(id), ...(await this.#stored(id, 0)).map(({ key }) => deletion(key))]
  }

  /** Entries of session `id` that are there, from number `from` on. */
  async #stored(id: string, from: number): Promise<{ key: string; bytes: number }[]> {
    const found: { key: string; bytes: number }[] = []
    for await (const { key, value } of this.#store.entries(collection, { from: keyOf(id, from) })) {
      if (!key.startsWith(`${id}/`)) break
      found.push({ key, bytes: value.length })
    }
    return found
  }
}

/** @throws ConvoyError `invalid-argument`. */
function idOf(sessionId: Uint8Array): string {
  if (!v.is(sessionIdSchema, sessionId)) {
    throw new ConvoyError('invalid-argument', 'A session id has 16 bytes.')
  }
  return toHex(sessionId)
}

function keyOf(id: string, number: number): string {
  return `${id}/${String(number).padStart(numberDigits, '0')}`
}

function deletion(key: string): StoreChange {
  return { type: 'delete', collection, key }
}
