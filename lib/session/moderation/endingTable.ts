/** When something ends; null for what lasts. */
export type EndOf<Value> = (value: Value) => number | null

/** What holds until some time, by key: a bounded number. Where that is reached, what has ended first makes room ([REC-10]). */
export class EndingTable<Value> {
  readonly #values = new Map<string, Value>()
  readonly #most: number
  readonly #endOf: EndOf<Value>

  constructor(most: number, endOf: EndOf<Value>) {
    this.#most = most
    this.#endOf = endOf
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  /** In the order in which their keys came. */
  values(): IterableIterator<Value> {
    return this.#values.values()
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries()
  }

  /** Whether something can be set at the time `at`, in place of what `key` has, or of what has ended. */
  hasRoom(key: string, at: number): boolean {
    return this.#values.has(key) || this.#values.size < this.#most || this.#endedFirst(at) !== undefined
  }

  /** A key that has something keeps its place. */
  set(key: string, value: Value, at: number): void {
    if (!this.#values.has(key) && this.#values.size >= this.#most) {
      const ended = this.#endedFirst(at)
      if (ended !== undefined) this.#values.delete(ended)
    }
    this.#values.set(key, value)
  }

  delete(key: string): void {
    this.#values.delete(key)
  }

  #endedFirst(at: number): string | undefined {
    let first: string | undefined
    let firstEnd = Infinity
    for (const [key, value] of this.#values) {
      const end = this.#endOf(value) ?? Infinity
      if (end <= at && end < firstEnd) [first, firstEnd] = [key, end]
    }
    return first
  }
}
