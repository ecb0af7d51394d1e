import type { Cancel, Clock } from '../core/index.ts'

/**
 * One timer for many deadlines. It only ever moves to an earlier one: a deadline that was put off costs a
 * needless wake-up then, which is cheaper than moving a timer at every datagram.
 */
export class WakeTimer {
  readonly #clock: Clock
  readonly #onWake: () => void
  #at = Infinity
  #cancel: Cancel | undefined

  /** @param wake - told how late it comes, ms. */
  constructor(clock: Clock, wake: (lateMs: number) => void) {
    this.#clock = clock
    this.#onWake = () => {
      const lateMs = this.#clock.now() - this.#at
      this.#at = Infinity
      wake(lateMs)
    }
  }

  /** Wakes at `deadline` at the latest. */
  by(deadline: number): void {
    if (deadline >= this.#at) return
    this.#cancel?.()
    this.#at = deadline
    this.#cancel = this.#clock.after(Math.max(0, deadline - this.#clock.now()), this.#onWake)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Infinity
  }
}
