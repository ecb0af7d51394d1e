import type { Rules, VehicleClass } from '../../protocol/index.ts'
import { excludedMs, lookEveryMs, repeatMs } from './constants.ts'
import type { FindingHandler } from './finding.ts'
import { Spell } from './spell.ts'

/** Sees who drives what the rules no longer allow, [ENF-18]: they may have changed since it was admitted. */
export class ClassWatch {
  readonly #found: FindingHandler
  readonly #spell = new Spell({ afterMs: excludedMs, repeatMs, gapMs: 3 * lookEveryMs })

  constructor(found: FindingHandler) {
    this.#found = found
  }

  look(now: number, vehicleClass: VehicleClass | null, rules: Rules): void {
    const allowed = vehicleClass === null ? rules.spectators : rules.vehicleClasses.includes(vehicleClass)
    if (!this.#spell.note({ at: now, beyond: !allowed, measured: 0 })) return
    const { from, to } = this.#spell
    const measured = (to - from) / 1_000
    this.#found({ kind: 'class', measured, limit: excludedMs / 1_000, from, to, count: 1 })
    this.#spell.told()
  }
}
