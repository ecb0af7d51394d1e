import type { VehicleClass } from '../../protocol/index.ts'
import {
  acceleratingMs,
  brakeLimit,
  longestStepMs,
  pullLimit,
  repeatMs,
  shortestStepMs,
  stepCountsMs,
} from './constants.ts'
import type { FindingHandler } from './finding.ts'
import type { MotionSample } from './motionSample.ts'

/**
 * Sees who gains or loses speed as no vehicle does, for longer than a crash takes, [ENF-11]. It goes by the speeds that are told: ways
 * that they don't explain are {@link JumpWatch}'s.
 */
export class AccelerationWatch {
  readonly #found: FindingHandler
  readonly #pull: number
  readonly #brake: number
  #known = false
  #at = 0
  #pace = 0
  /** How long it went on, ms; what goes on only now and then adds up, less the time between. */
  #beyondMs = 0
  #gained = 0
  #gainedMs = 0
  #from = 0
  #toldAt = -Infinity

  constructor(vehicleClass: VehicleClass, found: FindingHandler) {
    this.#found = found
    this.#pull = pullLimit[vehicleClass]
    this.#brake = brakeLimit[vehicleClass]
  }

  note(sample: Readonly<MotionSample>): void {
    const stepMs = sample.at - this.#at
    if (this.#known && stepMs < shortestStepMs) return
    if (this.#known && stepMs <= longestStepMs) this.#judge(sample.pace - this.#pace, stepMs, sample.at)
    this.#known = true
    this.#at = sample.at
    this.#pace = sample.pace
  }

  reset(): void {
    this.#known = false
    this.#forget()
  }

  #judge(gained: number, stepMs: number, at: number): void {
    const acceleration = (gained * 1_000) / stepMs
    if (acceleration <= this.#pull && acceleration >= -this.#brake) {
      this.#beyondMs -= stepMs
      if (this.#beyondMs <= 0) this.#forget()
      return
    }
    // One after the other: who launches and brakes at once did neither for long.
    if (gained * this.#gained < 0) this.#forget()
    if (this.#beyondMs === 0) this.#from = at - stepMs
    this.#beyondMs += Math.min(stepMs, stepCountsMs)
    this.#gained += gained
    this.#gainedMs += stepMs
    if (this.#beyondMs < acceleratingMs || at - this.#toldAt < repeatMs) return
    this.#toldAt = at
    this.#found({
      kind: 'acceleration',
      measured: (this.#gained * 1_000) / this.#gainedMs,
      limit: this.#gained > 0 ? this.#pull : -this.#brake,
      from: this.#from,
      to: at,
      count: 1,
    })
    this.#forget()
  }

  #forget(): void {
    this.#beyondMs = 0
    this.#gained = 0
    this.#gainedMs = 0
  }
}
