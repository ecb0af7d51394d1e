import { copyOf, throwIfAborted } from '../core/index.ts'
import {
  checkCollection,
  checkKey,
  closedError,
  type EntriesOptions,
  type Store,
  type StoreChange,
  type StoreEntry,
} from './store.ts'

/** A store that outlives nothing: for tests, and for programs that want to keep nothing. */
export class MemoryStore implements Store {
  readonly #collections = new Map<string, Map<string, Uint8Array>>()
  #closed = false

  async get(collection: string, key: string): Promise<Uint8Array | undefined> {
    this.#check(collection, key)
    const value = this.#collections.get(collection)?.get(key)
    return value && copyOf(value)
  }

  async put(collection: string, key: string, value: Uint8Array): Promise<void> {
    await this.batch([{ type: 'put', collection, key, value }])
  }

  async delete(collection: string, key: string): Promise<void> {
    await this.batch([{ type: 'delete', collection, key }])
  }

  async batch(changes: readonly StoreChange[]): Promise<void> {
    for (const { collection, key } of changes) this.#check(collection, key)
    this.#checkOpen()
    for (const change of changes) {
      const entries = this.#collections.get(change.collection) ?? new Map<string, Uint8Array>()
      this.#collections.set(change.collection, entries)
      if (change.type === 'put') entries.set(change.key, copyOf(change.value))
      else entries.delete(change.key)
    }
  }

  async *entries(
    collection: string,
    { from = '', signal }: EntriesOptions = {},
  ): AsyncGenerator<StoreEntry, void> {
    checkCollection(collection)
    this.#checkOpen()
    const entries = this.#collections.get(collection) ?? new Map<string, Uint8Array>()
    for (const key of [...entries.keys()].filter((each) => each >= from).sort()) {
      throwIfAborted(signal)
      this.#checkOpen()
      const value = entries.get(key)
      if (value !== undefined) yield { key, value: copyOf(value) }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#collections.clear()
  }

  #check(collection: string, key: string): void {
    checkKey(collection, key)
    this.#checkOpen()
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError()
  }
}
