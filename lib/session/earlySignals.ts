import { toHex } from '../core/index.ts'

/** Signals kept of all who are not in the roster yet: the offers and candidates of a few that join at once. */
const mostSignals = 64

interface EarlySignal {
  readonly signer: string
  readonly sealed: Uint8Array
}

/**
 * Signals of members that this peer does not know of yet: who joined later dials, and its first signal may overtake the entry
 * that says that it joined. Without them that dial would come to nothing only after many seconds.
 */
export class EarlySignals {
  readonly #signals: EarlySignal[] = []

  /** Keeps one; false where that took the place of the oldest. */
  keep(signKey: Uint8Array, sealed: Uint8Array): boolean {
    this.#signals.push({ signer: toHex(signKey), sealed })
    if (this.#signals.length <= mostSignals) return true
    this.#signals.shift()
    return false
  }

  /** Takes those of a member that is here now, in the order in which they came. */
  take(signKey: Uint8Array): Uint8Array[] {
    const signer = toHex(signKey)
    const taken: Uint8Array[] = []
    for (let index = this.#signals.length - 1; index >= 0; index--) {
      const signal = this.#signals[index]
      if (signal?.signer !== signer) continue
      taken.unshift(signal.sealed)
      this.#signals.splice(index, 1)
    }
    return taken
  }
}
