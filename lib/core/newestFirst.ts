import type { Cancel, Clock } from './clock.ts'
import type { Budget } from './tokenBucket.ts'

/** What a {@link NewestFirst} is made with. */
export interface NewestFirstOptions<Item> {
  clock: Clock
  budget: Budget
  /** Takes an item that waited, now that the budget allows it. */
  pass(item: Item): void
  /** An item that waited was overtaken by a newer one. */
  dropped(): void
}

/**
 * A budget for what is only worth something while it is new: of what goes over it the newest waits for its turn, and
 * what waited before that is dropped, the oldest first. So the last of a burst arrives, whatever its length, and
 * never more than one item is kept.
 */
export class NewestFirst<Item> {
  readonly #options: NewestFirstOptions<Item>
  #waiting: { readonly item: Item; readonly amount: number } | undefined
  #cancel: Cancel | undefined

  constructor(options: NewestFirstOptions<Item>) {
    this.#options = options
  }

  /** Whether an item of `amount` may pass at once, ahead of one that waits. Allocates nothing. */
  admits(amount = 1): boolean {
    if (!this.#options.budget.tryTake(amount)) return false
    if (this.#waiting !== undefined) this.#drop()
    return true
  }

  /** Keeps an item that may not pass yet, in place of the one that waits. */
  hold(item: Item, amount = 1): void {
    const overtakes = this.#waiting !== undefined
    this.#waiting = { item, amount }
    // Its timer stays: what comes too fast must not cost one each.
    if (overtakes) this.#options.dropped()
    else this.#wait()
  }

  /** Forgets what waits, and leaves no timer. Idempotent. */
  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#waiting = undefined
  }

  #drop(): void {
    this.clear()
    this.#options.dropped()
  }

  #wait(): void {
    const { clock, budget } = this.#options
    // Whole milliseconds: fractions of a token that rounding loses would have it wake too early again and again.
    const ms = Math.ceil(budget.waitMs(this.#waiting?.amount))
    // What is larger than the whole budget never has its turn.
    if (ms === Infinity) return this.#drop()
    this.#cancel = clock.after(Math.max(1, ms), () => this.#release())
  }

  #release(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (!this.#options.budget.tryTake(waiting.amount)) return this.#wait()
    this.clear()
    this.#options.pass(waiting.item)
  }
}
