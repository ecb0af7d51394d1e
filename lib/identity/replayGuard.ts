import { clockSkewMs, replayCapacity } from './constants.ts'

/**
 * Remembers the nonces of envelopes that were accepted, each until its envelope has expired anyway, so that
 * none is accepted twice. Bounded: past `capacity` the oldest is forgotten; filling it takes as many valid
 * signatures, which {@link VerificationBudget} keeps slow.
 */
export class ReplayGuard {
  readonly #capacity: number
  /** Key of an envelope → wall time from which it is refused as expired, in the order of acceptance. */
  readonly #seen = new Map<string, number>()

  constructor(options: { capacity?: number } = {}) {
    this.#capacity = options.capacity ?? replayCapacity
  }

  /** How many nonces are remembered. */
  get size(): number {
    return this.#seen.size
  }

  /** Whether an envelope of this signer with this nonce was accepted. */
  has(signKey: Uint8Array, nonce: Uint8Array): boolean {
    return this.#seen.has(keyOf(signKey, nonce))
  }

  /**
   * Remembers an envelope whose signature was verified.
   * @param expiresAt - wall time at which it expires, ms.
   * @param wallTime - wall time now, ms.
   * @returns false when it was accepted before: it must be refused.
   */
  remember(signKey: Uint8Array, nonce: Uint8Array, expiresAt: number, wallTime: number): boolean {
    const key = keyOf(signKey, nonce)
    if (this.#seen.has(key)) return false
    for (const [oldest, until] of this.#seen) {
      if (until > wallTime && this.#seen.size < this.#capacity) break
      this.#seen.delete(oldest)
    }
    this.#seen.set(key, expiresAt + clockSkewMs)
    return true
  }
}

/** A character for each byte, which is quick to make: nobody reads it. Envelopes have keys and nonces of one length each. */
function keyOf(signKey: Uint8Array, nonce: Uint8Array): string {
  return String.fromCharCode(...signKey, ...nonce)
}
