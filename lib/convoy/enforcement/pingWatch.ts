import { lookEveryMs, repeatMs, slowPingMs } from './constants.ts'
import type { FindingHandler } from './finding.ts'
import { Spell } from './spell.ts'

/** Sees whose round trip to the host stays above the limit, [ENF-17]. */
export class PingWatch {
  readonly #found: FindingHandler
  readonly #spell = new Spell({ afterMs: slowPingMs, repeatMs, gapMs: 3 * lookEveryMs })

  constructor(found: FindingHandler) {
    this.#found = found
  }

  /**
   * @param rttMs - undefined where nothing is heard: that is no ping.
   * @param limit - ms; null for none.
   */
  look(now: number, rttMs: number | undefined, limit: number | null): void {
    if (rttMs === undefined || limit === null) return this.#spell.reset()
    if (!this.#spell.note({ at: now, beyond: rttMs > limit, measured: rttMs })) return
    const { measured, from, to } = this.#spell
    this.#found({ kind: 'ping', measured, limit, from, to, count: 1 })
    this.#spell.told()
  }
}
