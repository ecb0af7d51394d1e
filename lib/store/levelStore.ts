import { ConvoyError, copyOf, throwIfAborted } from '../core/index.ts'
import { ledgerKey, storeError, type Database } from './database.ts'
import { checksumIn, frame, unframe } from './frame.ts'
import { encodeLedger, type Ledger } from './ledger.ts'
import {
  checkCollection,
  checkKey,
  closedError,
  type EntriesOptions,
  type Store,
  type StoreChange,
  type StoreEntry,
  type WriteOptions,
} from './store.ts'
import { Turns } from './turns.ts'

/** What a {@link LevelStore} stands on. */
export interface LevelStoreParts {
  /** Open, and found to hold what `ledger` says. */
  database: Database
  ledger: Ledger
  /** Told the number of a batch once the disk has it. */
  markWritten: (sequence: number) => Promise<void>
  /** Called once the database is closed. */
  release: () => Promise<void>
}

/** A store on LevelDB or IndexedDB. Every entry is framed; every batch brings the ledger up to date. */
export class LevelStore implements Store {
  readonly #database: Database
  readonly #markWritten: LevelStoreParts['markWritten']
  readonly #release: LevelStoreParts['release']
  readonly #writes = new Turns()
  #ledger: Ledger
  #closing: Promise<void> | undefined

  constructor({ database, ledger, markWritten, release }: LevelStoreParts) {
    this.#database = database
    this.#ledger = ledger
    this.#markWritten = markWritten
    this.#release = release
  }

  async get(collection: string, key: string): Promise<Uint8Array | undefined> {
    checkKey(collection, key)
    if (this.#closing) throw closedError()
    const name = nameOf(collection, key)
    // The types know of no missing ones.
    const framed = (await this.#database.get(name).catch(rethrow)) as Uint8Array | undefined
    return framed === undefined ? undefined : valueOf(name, framed)
  }

  async put(collection: string, key: string, value: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'put', collection, key, value }], options)
  }

  async delete(collection: string, key: string, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'delete', collection, key }], options)
  }

  async batch(changes: readonly StoreChange[], { durable = false }: WriteOptions = {}): Promise<void> {
    const framed = new Map<string, Uint8Array | undefined>()
    for (const change of changes) {
      checkKey(change.collection, change.key)
      const name = nameOf(change.collection, change.key)
      framed.set(name, change.type === 'put' ? frame(name, change.value) : undefined)
    }
    if (this.#closing) throw closedError()
    if (framed.size > 0) await this.#writes.take(() => this.#write(framed, durable).catch(rethrow))
  }

  /** Writes down what there is, where that isn't what there should be. */
  async writeLedger(): Promise<void> {
    await this.#writes.take(() => this.#write(new Map(), true).catch(rethrow))
  }

  async *entries(
    collection: string,
    { from = '', signal }: EntriesOptions = {},
  ): AsyncGenerator<StoreEntry, void> {
    checkCollection(collection)
    if (this.#closing) throw closedError()
    const start = nameOf(collection, '')
    const range = { gte: start + from, lt: afterAll(collection) }
    try {
      for await (const [name, framed] of this.#database.iterator(range)) {
        throwIfAborted(signal)
        yield { key: name.slice(start.length), value: valueOf(name, framed) }
      }
    } catch (cause) {
      throw storeError(cause)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#writes.take(async () => {
      try {
        await this.#markWritten(this.#ledger.sequence)
        await this.#database.close()
      } finally {
        await this.#release()
      }
    })
    return this.#closing
  }

  async #write(framed: ReadonlyMap<string, Uint8Array | undefined>, durable: boolean): Promise<void> {
    const ledger = { ...this.#ledger, sequence: this.#ledger.sequence + 1 }
    const names = [...framed.keys()]
    for (const before of await this.#database.getMany(names)) {
      if ((before as Uint8Array | undefined) === undefined) continue
      ledger.count--
      ledger.sum ^= checksumIn(before)
    }
    for (const after of framed.values()) {
      if (after === undefined) continue
      ledger.count++
      ledger.sum ^= checksumIn(after)
    }
    const changes = names.map((key) => {
      const value = framed.get(key)
      return value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const)
    })
    const entry = { type: 'put', key: ledgerKey, value: frame(ledgerKey, encodeLedger(ledger)) } as const
    await this.#database.batch([...changes, entry], { sync: durable })
    this.#ledger = ledger
    if (durable) await this.#markWritten(ledger.sequence)
  }
}

/** `!` is before every character of a key. */
function nameOf(collection: string, key: string): string {
  return `${collection}!${key}`
}

/** Comes after every name in the collection: `"` is the character after `!`. */
function afterAll(collection: string): string {
  return `${collection}"`
}

function valueOf(name: string, framed: Uint8Array): Uint8Array {
  const entry = unframe(name, framed)
  if (entry !== undefined) return copyOf(entry.value)
  throw new ConvoyError(
    'store-damaged',
    `The entry ${name} of the store is damaged. Close the store and open it again: what can be read is kept then.`,
  )
}

function rethrow(cause: unknown): never {
  throw storeError(cause)
}
