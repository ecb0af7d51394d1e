/** Keeps what happens before anyone listens, up to a number of items. */
export class Unheard<Item> {
  readonly #most: number
  #items: Item[] | undefined = []

  constructor(most: number) {
    this.#most = most
  }

  /** Keeps `item`; false when somebody listens already, or there is no room. */
  keep(item: Item): boolean {
    if (this.#items === undefined || this.#items.length >= this.#most) return false
    this.#items.push(item)
    return true
  }

  get heard(): boolean {
    return this.#items === undefined
  }

  /** Somebody listens from now on. @returns what was kept, once. */
  take(): readonly Item[] {
    const items = this.#items ?? []
    this.#items = undefined
    return items
  }
}
