import { ConvoyError, isConvoyError } from '../core/index.ts'
import { decodeMessage, encodeMessage, type WireSchema } from '../protocol/index.ts'
import { quarantine, valueBytes } from './constants.ts'
import type { Damages } from './damages.ts'
import type { Store, StoreChange } from './store.ts'

/** A collection of values that fit a schema. */
export class Values<Value> {
  readonly #store: Store
  readonly #collection: string
  readonly #schema: WireSchema<Value>
  readonly #damages: Damages

  constructor(store: Store, collection: string, schema: WireSchema<Value>, damages: Damages) {
    this.#store = store
    this.#collection = collection
    this.#schema = schema
    this.#damages = damages
  }

  async get(key: string): Promise<Value | undefined> {
    const bytes = await this.#store.get(this.#collection, key)
    return bytes && this.#read(key, bytes)
  }

  /** All of them, by the order of their keys. */
  async all(): Promise<[key: string, value: Value][]> {
    const all: [string, Value][] = []
    for await (const { key, value: bytes } of this.#store.entries(this.#collection)) {
      const value = await this.#read(key, bytes)
      if (value !== undefined) all.push([key, value])
    }
    return all
  }

  /** @throws ConvoyError `invalid-argument` when `value` doesn't fit the schema. */
  put(key: string, value: Value): StoreChange {
    try {
      const bytes = encodeMessage(this.#schema, value, valueBytes)
      return { type: 'put', collection: this.#collection, key, value: bytes }
    } catch (cause) {
      const reason = isConvoyError(cause) ? cause.message : 'it is no plain data.'
      throw new ConvoyError('invalid-argument', `This can't be stored in ${this.#collection}: ${reason}`, {
        cause,
      })
    }
  }

  delete(key: string): StoreChange {
    return { type: 'delete', collection: this.#collection, key }
  }

  async #read(key: string, bytes: Uint8Array): Promise<Value | undefined> {
    try {
      return decodeMessage(this.#schema, bytes, valueBytes)
    } catch (cause) {
      if (!isConvoyError(cause)) throw cause
      await this.#setAside(key, bytes, cause.message)
      return undefined
    }
  }

  /** What is whole and yet makes no sense was written by something else. It must not come up again and again. */
  async #setAside(key: string, value: Uint8Array, reason: string): Promise<void> {
    const name = `${this.#collection}/${key}`
    const kept: StoreChange = { type: 'put', collection: quarantine, key: name.slice(0, 200), value }
    await this.#store.batch([kept, this.delete(key)], { durable: true })
    await this.#damages.tell({
      message: `The entry ${name} of the store makes no sense and was set aside: ${reason}`,
      aside: `the collection ${quarantine}`,
    })
  }
}
