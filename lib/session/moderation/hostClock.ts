import type { Clock } from '../../core/index.ts'

/**
 * What the wall clock of the host shows, by which bans and mutes end: an entry says when it was signed, and the one that
 * took least to get here says it best.
 */
export class HostClock {
  readonly #clock: Clock
  #epoch = -1
  #offset = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An entry of `epoch`, signed `at` by the host's clock, came just now. */
  observe(epoch: number, at: number): void {
    if (epoch < this.#epoch) return
    if (epoch > this.#epoch) this.#offset = -Infinity
    this.#epoch = epoch
    this.#offset = Math.max(this.#offset, at - this.#clock.now())
  }

  /** Milliseconds since the Unix epoch on the host's clock; on this peer's while nothing came from the host. */
  wallTime(): number {
    return this.#offset === -Infinity ? this.#clock.wallTime() : this.#clock.now() + this.#offset
  }
}
