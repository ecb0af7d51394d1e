/** One buffer, and one view of it for each length asked for, so that hot paths allocate nothing. */
export class ReusedBytes {
  readonly #bytes: Uint8Array
  readonly #views: (Uint8Array | undefined)[] = []

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** The first `length` bytes. Valid until the next call. */
  view(length: number): Uint8Array {
    return (this.#views[length] ??= this.#bytes.subarray(0, length))
  }

  /** A copy of `source` from `offset` on. Valid until the next call. */
  copyOf(source: Uint8Array, offset: number): Uint8Array {
    const length = source.length - offset
    for (let index = 0; index < length; index++) this.#bytes[index] = source[offset + index] ?? 0
    return this.view(length)
  }
}
