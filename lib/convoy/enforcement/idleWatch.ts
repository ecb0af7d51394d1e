import { idleMetres, idleRepeatMs } from './constants.ts'
import type { FindingHandler } from './finding.ts'
import { MotionSample } from './motionSample.ts'

/** Sees who has not moved for as long as the rules allow, [ENF-15]. */
export class IdleWatch {
  readonly #found: FindingHandler
  readonly #place = new MotionSample()
  #since: number | undefined
  #toldAt = -Infinity

  constructor(found: FindingHandler) {
    this.#found = found
  }

  /** @param limit - seconds; null for none. */
  look(now: number, sample: Readonly<MotionSample>, limit: number | null): void {
    if (!sample.placed) return this.reset()
    if (this.#since === undefined || sample.distanceTo(this.#place) > idleMetres) {
      this.#since = now
      this.#toldAt = -Infinity
      this.#place.copy(sample)
    }
    const seconds = (now - this.#since) / 1_000
    if (limit === null || seconds < limit || now - this.#toldAt < idleRepeatMs) return
    this.#toldAt = now
    this.#found({ kind: 'idle', measured: seconds, limit, from: this.#since, to: now, count: 1 })
  }

  /** Nobody sees it: it may do anything. */
  reset(): void {
    this.#since = undefined
  }
}
