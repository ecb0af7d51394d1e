import type { Clock } from '../core/index.ts'
import { budgetSources } from './constants.ts'

/** What a {@link VerificationBudget} is made with. */
export interface VerificationBudgetOptions {
  clock: Clock
  /** Verifications that each source may cause per window, all at once or spread. */
  perSource: number
  /** Milliseconds. */
  windowMs: number
  /** Sources told apart; those that find no room share one budget. */
  maxSources?: number
}

interface Bucket {
  tokens: number
  filledAt: number
}

/**
 * How many signatures each source may make this peer verify: a signature costs up to 20 ms where no native
 * Ed25519 is present, so bogus ones would stall a game. A token bucket per source, of bounded number.
 */
export class VerificationBudget {
  readonly #clock: Clock
  readonly #perSource: number
  readonly #windowMs: number
  readonly #maxSources: number
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #overflow: Bucket

  constructor(options: VerificationBudgetOptions) {
    this.#clock = options.clock
    this.#perSource = options.perSource
    this.#windowMs = options.windowMs
    this.#maxSources = options.maxSources ?? budgetSources
    this.#overflow = { tokens: options.perSource, filledAt: options.clock.now() }
  }

  /** Whether one more verification for `source` (an address, a fingerprint) is within its budget; takes it if so. */
  tryTake(source: string): boolean {
    const now = this.#clock.now()
    const bucket = this.#bucketOf(source, now)
    const refill = ((now - bucket.filledAt) * this.#perSource) / this.#windowMs
    bucket.tokens = Math.min(this.#perSource, bucket.tokens + refill)
    bucket.filledAt = now
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }

  /** How many sources are told apart now. */
  get sources(): number {
    return this.#buckets.size
  }

  #bucketOf(source: string, now: number): Bucket {
    const known = this.#buckets.get(source)
    if (known !== undefined) {
      this.#buckets.delete(source)
      this.#buckets.set(source, known)
      return known
    }
    for (const [name, bucket] of this.#buckets) {
      // A bucket that has filled up again says no more than none.
      if (now - bucket.filledAt < this.#windowMs) break
      this.#buckets.delete(name)
    }
    // Forgetting a bucket that is in use would hand its source a fresh one, so newcomers share instead.
    if (this.#buckets.size >= this.#maxSources) return this.#overflow
    const fresh = { tokens: this.#perSource, filledAt: now }
    this.#buckets.set(source, fresh)
    return fresh
  }
}
