/** A connection that is none yet. */
interface Pending {
  readonly key: string | null
  readonly drop: () => void
}

/** Counts connections that are none yet, altogether and by address: opening them costs a stranger nothing. */
export class PendingConnections {
  readonly #most: number
  readonly #mostPerAddress: number
  readonly #perAddress = new Map<string, number>()
  /** The oldest first. */
  readonly #pending = new Set<Pending>()
  #dropped = 0

  constructor(most: number, mostPerAddress: number) {
    this.#most = most
    this.#mostPerAddress = mostPerAddress
  }

  get count(): number {
    return this.#pending.size
  }

  /** How many had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Counts one more until what it returns is called; undefined where its address has too many. Where there are too many altogether, the
   * oldest makes room: who means well is done within a second, and who means harm stays silent.
   * @param key - what limits per address are counted by; null where none hold.
   * @param drop - hangs up.
   */
  begin(key: string | null, drop: () => void): (() => void) | undefined {
    const ofAddress = key === null ? 0 : (this.#perAddress.get(key) ?? 0)
    if (ofAddress >= this.#mostPerAddress) return undefined
    if (this.#pending.size >= this.#most) this.#dropOldest()
    const pending: Pending = { key, drop }
    this.#pending.add(pending)
    if (key !== null) this.#perAddress.set(key, ofAddress + 1)
    return () => this.#end(pending)
  }

  #dropOldest(): void {
    for (const oldest of this.#pending) {
      this.#end(oldest)
      this.#dropped++
      oldest.drop()
      return
    }
  }

  #end(pending: Pending): void {
    const { key } = pending
    if (!this.#pending.delete(pending) || key === null) return
    const left = (this.#perAddress.get(key) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(key)
    else this.#perAddress.set(key, left)
  }
}
