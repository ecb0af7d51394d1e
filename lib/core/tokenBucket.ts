import type { Clock } from './clock.ts'

/** Something that is taken from, and refills with time. */
export interface Budget {
  /** Takes `amount` where there is that much; false, and nothing taken, where there is not. */
  tryTake(amount?: number): boolean
  /** Milliseconds until there is `amount`; 0 where there is now. */
  waitMs(amount?: number): number
}

/** Allows `perSecond` on average and `burst` at once. */
export class TokenBucket implements Budget {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledAt: number

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledAt = clock.now()
  }

  /** How much there is now. */
  get left(): number {
    this.#fill()
    return this.#tokens
  }

  tryTake(amount = 1): boolean {
    this.#fill()
    if (this.#tokens < amount) return false
    this.#tokens -= amount
    return true
  }

  /** Infinity for more than there can ever be. */
  waitMs(amount = 1): number {
    this.#fill()
    if (amount > this.#burst) return Infinity
    return Math.max(0, ((amount - this.#tokens) / this.#perSecond) * 1_000)
  }

  #fill(): void {
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1_000) * this.#perSecond)
    this.#filledAt = now
  }
}

/** Messages, and bytes of them: both budgets must allow a message, or neither is touched. */
export class MessageBudget implements Budget {
  readonly #messages: TokenBucket
  readonly #bytes: TokenBucket

  constructor(messages: TokenBucket, bytes: TokenBucket) {
    this.#messages = messages
    this.#bytes = bytes
  }

  /** Takes one message of so many bytes. */
  tryTake(bytes = 0): boolean {
    // Bytes are asked for first and taken last: in between there can only be more of them.
    return this.#bytes.waitMs(bytes) === 0 && this.#messages.tryTake() && this.#bytes.tryTake(bytes)
  }

  waitMs(bytes = 0): number {
    return Math.max(this.#messages.waitMs(), this.#bytes.waitMs(bytes))
  }
}
