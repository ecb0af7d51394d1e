import {
  explainedShare,
  fastest,
  journeyEndSpeed,
  journeyGapMs,
  journeyMetres,
  jumpMetres,
  jumpWindowMs,
  unseenAcceleration,
  unseenSeconds,
} from './constants.ts'
import type { FindingHandler } from './finding.ts'
import { Journeys } from './journeys.ts'
import { MotionSample } from './motionSample.ts'

/**
 * Sees who comes further than its speeds explain, at once or by and by, and is on no journey, [ENF-12], [ENF-13]. Who stays behind what
 * they explain has lag, a frozen game or a wall before it.
 */
export class JumpWatch {
  readonly #found: FindingHandler
  readonly #journeys = new Journeys()
  readonly #anchor = new MotionSample()
  readonly #last = new MotionSample()
  #known = false
  #hidden = false
  /** Metres since the anchor that are explained. */
  #explained = 0

  constructor(found: FindingHandler) {
    this.#found = found
  }

  /** @returns whether the vehicle jumped: what it did before says nothing of what it does now. */
  note(sample: Readonly<MotionSample>): boolean {
    if (!sample.placed) {
      this.#hidden = true
      return false
    }
    if (!this.#known) {
      this.#begin(sample)
      return false
    }
    if (sample.at <= this.#last.at) return false
    this.#explain(sample)
    const unexplained = sample.distanceTo(this.#anchor) - this.#explained
    if (unexplained > jumpMetres) {
      this.#jump(sample, unexplained)
      return true
    }
    this.#last.copy(sample)
    if (sample.at - this.#anchor.at > jumpWindowMs) this.#begin(sample)
    return false
  }

  /** Starts anew at the next sample. */
  reset(): void {
    this.#known = false
    this.#hidden = false
  }

  #begin(sample: Readonly<MotionSample>): void {
    this.#known = true
    this.#hidden = false
    this.#explained = 0
    this.#anchor.copy(sample)
    this.#last.copy(sample)
  }

  #explain(sample: Readonly<MotionSample>): void {
    const seconds = (sample.at - this.#last.at) / 1_000
    const told = Math.max(this.#last.speed, sample.speed)
    const speed = this.#hidden ? fastest : told
    const unseen = Math.min(seconds, unseenSeconds)
    this.#hidden = false
    this.#explained += speed * seconds * explainedShare + (unseenAcceleration * unseen * unseen) / 2
  }

  #jump(sample: Readonly<MotionSample>, unexplained: number): void {
    const { at } = sample
    const from = this.#last.at
    const stood = sample.speed < journeyEndSpeed || at - from >= journeyGapMs
    const isJourney = stood && unexplained > journeyMetres && this.#journeys.take(at)
    this.#begin(sample)
    if (isJourney) return
    this.#found({ kind: 'teleport', measured: unexplained, limit: jumpMetres, from, to: at, count: 1 })
  }
}
