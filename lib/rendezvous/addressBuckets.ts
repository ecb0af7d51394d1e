import { TokenBucket, type Clock } from '../core/index.ts'
import { rememberedAddresses } from './constants.ts'

/** One token bucket per address, for as many addresses as are remembered. */
export class AddressBuckets {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  readonly #buckets = new Map<string, { bucket: TokenBucket; usedAt: number }>()

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** Takes tokens of `key`; false when there are not enough, or no room to remember another address. */
  tryTake(key: string, amount = 1): boolean {
    let entry = this.#buckets.get(key)
    if (entry === undefined) {
      if (this.#buckets.size >= rememberedAddresses) this.#forgetFull()
      if (this.#buckets.size >= rememberedAddresses) return false
      entry = { bucket: new TokenBucket(this.#clock, this.#perSecond, this.#burst), usedAt: 0 }
      this.#buckets.set(key, entry)
    }
    entry.usedAt = this.#clock.now()
    return entry.bucket.tryTake(amount)
  }

  /** A bucket that was not used for as long as filling it takes is no different from a fresh one. */
  #forgetFull(): void {
    const fullBefore = this.#clock.now() - (this.#burst / this.#perSecond) * 1_000
    for (const [key, { usedAt }] of this.#buckets) if (usedAt <= fullBefore) this.#buckets.delete(key)
  }
}
