/** Counts connections that are none yet, altogether and by address: opening them costs a stranger nothing. */
export class PendingConnections {
  readonly #most: number
  readonly #mostPerAddress: number
  readonly #perAddress = new Map<string, number>()
  #count = 0

  constructor(most: number, mostPerAddress: number) {
    this.#most = most
    this.#mostPerAddress = mostPerAddress
  }

  get count(): number {
    return this.#count
  }

  /**
   * Counts one more until what it returns is called; undefined where there are too many.
   * @param key - what limits per address are counted by; null where none hold.
   */
  begin(key: string | null): (() => void) | undefined {
    const ofAddress = key === null ? 0 : (this.#perAddress.get(key) ?? 0)
    if (this.#count >= this.#most || ofAddress >= this.#mostPerAddress) return undefined
    this.#count++
    if (key !== null) this.#perAddress.set(key, ofAddress + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#count--
      if (key === null) return
      const left = (this.#perAddress.get(key) ?? 1) - 1
      if (left === 0) this.#perAddress.delete(key)
      else this.#perAddress.set(key, left)
    }
  }
}
