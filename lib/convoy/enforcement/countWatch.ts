import { lookEveryMs } from './constants.ts'
import type { FindingHandler } from './finding.ts'
import type { EnforcedKind } from './kinds.ts'
import { Spell } from './spell.ts'

/** What a {@link CountWatch} counts. */
export interface CountWatchOptions {
  readonly kind: EnforcedKind
  /** So many refusals between two looks are too many… */
  readonly perLook: number
  /** …where it goes on for so long, ms. */
  readonly afterMs: number
  readonly repeatMs: number
}

/** Sees from whom more and more is refused: counted refusals that go on growing, [ENF-16]. */
export class CountWatch {
  readonly #options: CountWatchOptions
  readonly #found: FindingHandler
  readonly #spell: Spell
  #count: number | undefined
  #sinceTold = 0

  constructor(options: CountWatchOptions, found: FindingHandler) {
    this.#options = options
    this.#found = found
    // A look may come late.
    this.#spell = new Spell({ ...options, overMs: 2 * lookEveryMs, gapMs: 3 * lookEveryMs })
  }

  /** @param count - refusals in all. */
  look(now: number, count: number): void {
    const { kind, perLook } = this.#options
    const grown = Math.max(0, count - (this.#count ?? count))
    this.#count = count
    this.#sinceTold += grown
    if (!this.#spell.note({ at: now, beyond: grown >= perLook, measured: grown })) return
    const { measured, from, to } = this.#spell
    this.#found({ kind, measured, limit: 0, from, to, count: this.#sinceTold })
    this.#sinceTold = 0
    this.#spell.told()
  }
}
