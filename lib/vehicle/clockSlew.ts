import { clockJumpMs, clockSlewRate } from './constants.ts'

/**
 * The offset between a sender's clock and the local one, as used for display: follows the measured offset at
 * a bounded rate, so that a better measurement doesn't lurch every truck of that sender.
 */
export class ClockSlew {
  #from = 0
  #target = 0
  #since = 0
  /** Whether the target was measured, not guessed from one-way arrivals. */
  #measured = false
  #known = false

  /** Whether any offset is known. */
  get known(): boolean {
    return this.#known
  }

  /**
   * Takes what is known when a datagram arrives.
   * @param measured - the link's clock offset, ms; undefined until it has one.
   * @param sentAt - when the datagram was sent, on the sender's clock, ms.
   * @param now - when it arrived, local, ms.
   */
  observe(measured: number | undefined, sentAt: number, now: number): void {
    // Without a measurement, the fastest arrival so far stands in: late by one transit, mended soon.
    if (measured === undefined && this.#measured) return
    const guess = measured ?? Math.min(now - sentAt, this.#known ? this.#target : Infinity)
    if (this.#known && guess === this.#target && this.#measured === (measured !== undefined)) return
    const current = this.at(now)
    const adopt = !this.#known || (measured !== undefined && !this.#measured)
    this.#from = adopt || Math.abs(guess - current) > clockJumpMs ? guess : current
    this.#target = guess
    this.#since = now
    this.#known = true
    this.#measured = measured !== undefined
  }

  /** Milliseconds to add to the sender's clock to get local time, at local time `now`. */
  at(now: number): number {
    const gap = this.#target - this.#from
    const step = Math.max(0, now - this.#since) * clockSlewRate
    if (Math.abs(gap) <= step) return this.#target
    return this.#from + (gap > 0 ? step : -step)
  }

  /** Forgets everything: another process, another clock. */
  reset(): void {
    this.#known = false
    this.#measured = false
    this.#from = 0
    this.#target = 0
  }
}
