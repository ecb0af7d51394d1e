/** How long something has to last to count, and how it ends. */
export interface SpellOptions {
  /** How long it has to last before it is told, ms. */
  readonly afterMs: number
  /** How long it has to be away to be over, ms (default 1,000). */
  readonly overMs?: number
  /** How often it is told anew while it lasts, ms. */
  readonly repeatMs: number
  /** A gap between two looks after which nothing is known of the time between, ms. */
  readonly gapMs: number
}

/** Something that counts once it lasted: with hysteresis, and without conclusions from what was not seen. */
export class Spell {
  readonly #options: SpellOptions
  #active = false
  #lookedAt = -Infinity
  #since = 0
  #seenAt = 0
  #told = false
  #toldAt = 0
  #sum = 0
  #count = 0

  constructor(options: SpellOptions) {
    this.#options = options
  }

  /** When what is being told began and was seen last, ms; the mean of what was measured, and how often it was. */
  get from(): number {
    return this.#since
  }
  get to(): number {
    return this.#seenAt
  }
  get measured(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count
  }

  /** Whether it lasted long enough by now. */
  get holds(): boolean {
    return this.#active && this.#seenAt - this.#since >= this.#options.afterMs
  }

  /**
   * Takes a look.
   * @returns whether it is to be told now; call {@link Spell.told} once that is done.
   */
  note(look: Readonly<{ at: number; beyond: boolean; measured: number }>): boolean {
    const { at, beyond } = look
    const { overMs = 1_000, repeatMs, gapMs } = this.#options
    if (at - this.#lookedAt > gapMs) this.reset()
    this.#lookedAt = at
    if (!beyond) {
      if (this.#active && at - this.#seenAt > overMs) this.reset()
      return false
    }
    if (!this.#active) {
      this.#active = true
      this.#since = at
      this.#sum = 0
      this.#count = 0
    }
    this.#seenAt = at
    this.#sum += look.measured
    this.#count++
    return this.holds && (!this.#told || at - this.#toldAt >= repeatMs)
  }

  /** It was told: what follows is measured anew. */
  told(): void {
    this.#told = true
    this.#toldAt = this.#seenAt
    this.#sum = 0
    this.#count = 0
  }

  /** It is over. */
  reset(): void {
    this.#active = false
    this.#told = false
  }
}
