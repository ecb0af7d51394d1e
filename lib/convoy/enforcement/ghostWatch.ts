import type { Rules } from '../../protocol/index.ts'
import { arrivalMs, ghostingMs, repeatMs, serviceSpeed, standingSpeed, unseenMs } from './constants.ts'
import type { FindingHandler } from './finding.ts'
import type { MotionSample } from './motionSample.ts'
import { Spell } from './spell.ts'

/** Sees who drives as a ghost where no rule makes it one, [ENF-14]. */
export class GhostWatch {
  readonly #found: FindingHandler
  readonly #spell = new Spell({ afterMs: ghostingMs, repeatMs, gapMs: unseenMs })
  #allowedUntil = -Infinity

  constructor(found: FindingHandler) {
    this.#found = found
  }

  /** It came, or jumped, just now: it may stand among others that it must not push. */
  arrived(at: number): void {
    this.#allowedUntil = at + arrivalMs
  }

  /** @param restricted - whether it is in the slow lane, where it is a ghost. */
  look(now: number, sample: Readonly<MotionSample>, rules: Rules, restricted: boolean): void {
    const excused = restricted || now < this.#allowedUntil
    // Nobody tells where service areas are; through them nobody drives fast.
    const allowedSpeed = rules.serviceNoCollision ? serviceSpeed : standingSpeed
    const beyond = sample.placed && sample.ghost && !excused && sample.speed > allowedSpeed
    if (!this.#spell.note({ at: now, beyond, measured: 0 })) return
    const { from, to } = this.#spell
    this.#found({
      kind: 'ghosting',
      measured: (to - from) / 1_000,
      limit: ghostingMs / 1_000,
      from,
      to,
      count: 1,
    })
    this.#spell.told()
  }

  reset(): void {
    this.#spell.reset()
  }
}
