import { TokenBucket, type Clock } from '../core/index.ts'
import { rememberedAddresses } from './constants.ts'

/**
 * One token bucket per address, for as many addresses as are remembered. When there are more, the one that was not heard of for the
 * longest is forgotten, with what it had used up: whoever has that many addresses is held by no limit on one, and must not be able to
 * have everybody else turned away by using them all.
 */
export class AddressBuckets {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  /** The least recently used first. */
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** Takes tokens of `key`; false when there are not enough. */
  tryTake(key: string, amount = 1): boolean {
    const known = this.#buckets.get(key)
    const bucket = known ?? new TokenBucket(this.#clock, this.#perSecond, this.#burst)
    if (known !== undefined) this.#buckets.delete(key)
    else if (this.#buckets.size >= rememberedAddresses) this.#forgetOldest()
    this.#buckets.set(key, bucket)
    return bucket.tryTake(amount)
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key)
      return
    }
  }
}
