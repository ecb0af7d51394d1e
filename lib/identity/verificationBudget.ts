import { TokenBucket, type Clock } from '../core/index.ts'
import { budgetSources } from './constants.ts'

/** What a {@link VerificationBudget} is made with. */
export interface VerificationBudgetOptions {
  clock: Clock
  /** Verifications that each source may cause per window, all at once or spread. */
  perSource: number
  /** Milliseconds. */
  windowMs: number
  /** What all sources together may cause. */
  inAll?: TokenBucket
  /** Sources told apart; those that find no room share one budget. */
  maxSources?: number
}

interface Source {
  readonly bucket: TokenBucket
  lastSeenAt: number
}

/**
 * How many signatures each source may make this peer verify: a signature costs up to 20 ms where no native
 * Ed25519 is present, so bogus ones would stall a game. A token bucket per source, of bounded number.
 */
export class VerificationBudget {
  readonly #options: VerificationBudgetOptions
  readonly #maxSources: number
  /** Least recently seen first. */
  readonly #sources = new Map<string, Source>()
  readonly #shared: Source

  constructor(options: VerificationBudgetOptions) {
    this.#options = options
    this.#maxSources = options.maxSources ?? budgetSources
    this.#shared = this.#newSource()
  }

  /** Whether one more verification for `source` (an address, a fingerprint) is within its budget; takes it if so. */
  tryTake(source: string): boolean {
    const entry = this.#entryOf(source)
    entry.lastSeenAt = this.#options.clock.now()
    return entry.bucket.tryTake() && this.#options.inAll?.tryTake() !== false
  }

  /** How many verifications `source` may still cause right now. */
  left(source: string): number {
    return Math.floor((this.#sources.get(source) ?? this.#newSource()).bucket.left)
  }

  /** How many sources are told apart now. */
  get sources(): number {
    return this.#sources.size
  }

  #entryOf(source: string): Source {
    const known = this.#sources.get(source)
    if (known !== undefined) {
      this.#sources.delete(source)
      this.#sources.set(source, known)
      return known
    }
    this.#forgetQuietSources()
    // Forgetting a bucket that is in use would hand its source a fresh one, so newcomers share instead.
    if (this.#sources.size >= this.#maxSources) return this.#shared
    const fresh = this.#newSource()
    this.#sources.set(source, fresh)
    return fresh
  }

  /** A bucket that nobody took from for a window is full, and says no more than none. */
  #forgetQuietSources(): void {
    const now = this.#options.clock.now()
    for (const [source, { lastSeenAt }] of this.#sources) {
      if (now - lastSeenAt < this.#options.windowMs) return
      this.#sources.delete(source)
    }
  }

  #newSource(): Source {
    const { clock, perSource, windowMs } = this.#options
    return {
      bucket: new TokenBucket(clock, (perSource * 1_000) / windowMs, perSource),
      lastSeenAt: clock.now(),
    }
  }
}
