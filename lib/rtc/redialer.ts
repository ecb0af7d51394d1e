import type { Cancel, Clock } from '../core/index.ts'
import type { Carrier } from './carrier.ts'
import { highestAttempt, redialAttemptMs, redialGapMs } from './constants.ts'

/** What a {@link Redialer} is made with. */
export interface RedialerOptions {
  clock: Clock
  carrier: Carrier
  initiator: boolean
  /** Whether another attempt is to follow one that came to nothing. */
  needed(): boolean
}

/** Attempts at a connection that takes over from the one in use ([LNK-70]): one at a time, until one does. */
export class Redialer {
  readonly #options: RedialerOptions
  #cancelTimer: Cancel | undefined

  constructor(options: RedialerOptions) {
    this.#options = options
  }

  /** Begins an attempt, unless one goes on, or is about to. */
  begin(): void {
    const { carrier, initiator } = this.#options
    if (initiator && this.#cancelTimer === undefined) this.#attempt(carrier.highestAttempt + 1)
  }

  /** The other side began `attempt`: goes along with it where that is its part. @returns whether it did. */
  follow(attempt: number): boolean {
    const { carrier, initiator } = this.#options
    if (initiator || attempt <= carrier.highestAttempt) return false
    this.#attempt(attempt)
    return true
  }

  /** The attempt came to nothing before its time was over. */
  failed(): void {
    this.#after(redialGapMs)
  }

  /** Ends what goes on: a connection has taken over, or the link is closed. Idempotent. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #attempt(attempt: number): void {
    // Numbers are used up after a day of an outage each minute; then the link ends, and another is made.
    if (attempt > highestAttempt) return
    this.#after(redialAttemptMs)
    this.#options.carrier.begin(attempt)
  }

  #after(ms: number): void {
    this.stop()
    this.#cancelTimer = this.#options.clock.after(ms, () => {
      this.#cancelTimer = undefined
      this.#options.carrier.abandon()
      if (this.#options.needed()) this.begin()
    })
  }
}
