import { sameBytes } from './bytes.ts'

interface Entry<Value> {
  readonly key: Uint8Array
  value: Value
}

/**
 * Values by keys of bytes that are hard to choose, such as public keys and digests: a look-up costs a tenth of what making a
 * text of the key would. Keys must not change while they are in here.
 */
export class BytesMap<Value> {
  /** By their first four bytes. To put many keys into one place somebody would have to try billions for each. */
  readonly #places = new Map<number, Entry<Value>[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: Uint8Array): Value | undefined {
    return this.#entry(key)?.value
  }

  has(key: Uint8Array): boolean {
    return this.#entry(key) !== undefined
  }

  set(key: Uint8Array, value: Value): void {
    const entry = this.#entry(key)
    if (entry !== undefined) {
      entry.value = value
      return
    }
    this.#size++
    const place = this.#places.get(placeOf(key))
    if (place === undefined) this.#places.set(placeOf(key), [{ key, value }])
    else place.push({ key, value })
  }

  /** @returns whether it was there. */
  delete(key: Uint8Array): boolean {
    const place = this.#places.get(placeOf(key))
    const index = place?.findIndex((entry) => sameBytes(entry.key, key)) ?? -1
    if (place === undefined || index < 0) return false
    this.#size--
    place.splice(index, 1)
    if (place.length === 0) this.#places.delete(placeOf(key))
    return true
  }

  *values(): IterableIterator<Value> {
    for (const place of this.#places.values()) for (const { value } of place) yield value
  }

  #entry(key: Uint8Array): Entry<Value> | undefined {
    if (this.#size === 0) return undefined
    const place = this.#places.get(placeOf(key))
    if (place === undefined) return undefined
    for (const entry of place) if (sameBytes(entry.key, key)) return entry
    return undefined
  }
}

function placeOf(key: Uint8Array): number {
  return (key[0] ?? 0) | ((key[1] ?? 0) << 8) | ((key[2] ?? 0) << 16) | ((key[3] ?? 0) << 24)
}
