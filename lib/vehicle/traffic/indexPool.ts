import type { Clock } from '../../core/index.ts'
import { indexRestMs, trafficIndices } from './constants.ts'

/** The indices of one owner: given out again only when nobody can take the new vehicle for the former one ([TRF-4]). */
export class IndexPool {
  readonly #clock: Clock
  /** From when each index may be given out, by index less one; Infinity while in use. */
  readonly #freeFrom: number[] = Array.from({ length: trafficIndices }, () => -Infinity)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The index that has rested longest; undefined while none has rested enough. */
  take(): number | undefined {
    let best = 0
    for (let place = 1; place < trafficIndices; place++) {
      if ((this.#freeFrom[place] ?? 0) < (this.#freeFrom[best] ?? 0)) best = place
    }
    if ((this.#freeFrom[best] ?? 0) > this.#clock.now()) return undefined
    this.#freeFrom[best] = Infinity
    return best + 1
  }

  /** Gives back an index that was announced: it rests. */
  rest(index: number): void {
    this.#freeFrom[index - 1] = this.#clock.now() + indexRestMs
  }

  /** Gives back an index that nobody heard of. */
  putBack(index: number): void {
    this.#freeFrom[index - 1] = -Infinity
  }
}
