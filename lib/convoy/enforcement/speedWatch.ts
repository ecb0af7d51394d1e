import type { Rules, VehicleClass } from '../../protocol/index.ts'
import {
  limiterKmh,
  limiterSlackKmh,
  repeatMs,
  slowDownGraceMs,
  speedingMs,
  speedTolerance,
  unseenMs,
} from './constants.ts'
import type { FindingHandler } from './finding.ts'
import type { MotionSample } from './motionSample.ts'
import { Spell } from './spell.ts'

/** Kilometres per hour in a metre per second. */
const kmhPerSpeed = 3.6

/** The limit that the rules set for a class, km/h; Infinity for none. */
export function speedLimitOf(rules: Rules, vehicleClass: VehicleClass): number {
  const limiter = rules.forceSpeedLimiter && vehicleClass === 'truck' ? limiterKmh : Infinity
  return Math.min(rules.speedLimit ?? Infinity, limiter)
}

/** Sees who drives faster than the rules allow for some time, [ENF-10]. */
export class SpeedWatch {
  readonly #found: FindingHandler
  readonly #spell = new Spell({ afterMs: speedingMs, repeatMs, gapMs: unseenMs })
  readonly #look = { at: 0, beyond: false, measured: 0 }
  #limit: number | undefined
  /** What is too fast, km/h. */
  #tooFast = Infinity
  #graceUntil = -Infinity

  constructor(found: FindingHandler) {
    this.#found = found
  }

  /** Goes by these rules from `now` on. */
  setRules(rules: Rules, vehicleClass: VehicleClass, now: number): void {
    const limit = speedLimitOf(rules, vehicleClass)
    if (limit === this.#limit) return
    this.#spell.reset()
    if (this.#limit !== undefined && limit < this.#limit) this.#graceUntil = now + slowDownGraceMs
    this.#limit = limit
    // Gravity is no match for a limiter; a driver brakes.
    const advised = rules.speedLimit ?? Infinity
    this.#tooFast = Math.min(
      advised * (1 + speedTolerance.share) + speedTolerance.kmh,
      limit < advised ? limit + limiterSlackKmh : Infinity,
    )
  }

  note(sample: Readonly<MotionSample>): void {
    if (this.#tooFast === Infinity || sample.at < this.#graceUntil) return
    const look = this.#look
    look.at = sample.at
    look.measured = sample.speed * kmhPerSpeed
    look.beyond = look.measured > this.#tooFast
    if (!this.#spell.note(look)) return
    const { measured, from, to } = this.#spell
    this.#found({ kind: 'speed', measured, limit: this.#limit ?? Infinity, from, to, count: 1 })
    this.#spell.told()
  }

  reset(): void {
    this.#spell.reset()
  }
}
