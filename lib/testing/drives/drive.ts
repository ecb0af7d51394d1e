import { ConvoyError } from '../../core/index.ts'
import { seamAcceleration } from './constants.ts'

/** A moment of a {@link Drive}. */
export interface DriveMoment {
  /** Metres since time 0; negative before it. */
  distance: number
  /** m/s, at least 0. */
  speed: number
  /** m/s². */
  acceleration: number
}

/**
 * How a truck's speed goes over time: straight lines between samples, so that distance is known in closed form at any
 * time. The end leads back to the start by a gentle ramp, and so on for ever, in both directions of time.
 */
export class Drive {
  /** Seconds until it repeats. */
  readonly period: number
  /** Metres driven in one period. */
  readonly length: number
  readonly #times: Float64Array
  readonly #speeds: Float64Array
  readonly #distances: Float64Array

  /**
   * @param times - seconds, ascending; only their differences count.
   * @param speeds - m/s at those times, at least 0.
   * @throws ConvoyError `invalid-argument` with fewer than two samples, or as many times as speeds are not given.
   */
  constructor(times: readonly number[], speeds: readonly number[]) {
    if (times.length < 2 || times.length !== speeds.length) {
      throw new ConvoyError(
        'invalid-argument',
        'A drive needs two or more samples, each with a time and a speed.',
      )
    }
    const start = times[0] ?? 0
    const end = (times.at(-1) ?? 0) - start
    const firstSpeed = speeds[0] ?? 0
    const seam = Math.abs((speeds.at(-1) ?? 0) - firstSpeed) / seamAcceleration
    this.period = end + seam
    const closing = seam > 0 ? 1 : 0
    this.#times = Float64Array.from({ length: times.length + closing }, (_, index) =>
      index < times.length ? (times[index] ?? 0) - start : this.period,
    )
    this.#speeds = Float64Array.from(
      { length: this.#times.length },
      (_, index) => speeds[index] ?? firstSpeed,
    )
    this.#distances = new Float64Array(this.#times.length)
    let distance = 0
    for (let index = 1; index < this.#times.length; index++) {
      const duration = (this.#times[index] ?? 0) - (this.#times[index - 1] ?? 0)
      distance += (((this.#speeds[index] ?? 0) + (this.#speeds[index - 1] ?? 0)) / 2) * duration
      this.#distances[index] = distance
    }
    this.length = distance
  }

  /**
   * Fills `out` with the moment `time` seconds after the start: any finite number. Allocates nothing.
   */
  momentAt(time: number, out: DriveMoment): DriveMoment {
    const rounds = Math.floor(time / this.period)
    const within = Math.min(Math.max(time - rounds * this.period, 0), this.period)
    const index = lastAtOrBefore(this.#times, within)
    const since = within - (this.#times[index] ?? 0)
    const duration = (this.#times[index + 1] ?? 0) - (this.#times[index] ?? 0)
    const speed = this.#speeds[index] ?? 0
    const acceleration = ((this.#speeds[index + 1] ?? 0) - speed) / duration
    out.distance =
      rounds * this.length + (this.#distances[index] ?? 0) + (speed + (acceleration * since) / 2) * since
    out.speed = Math.max(0, speed + acceleration * since)
    out.acceleration = acceleration
    return out
  }
}

/** Index of the last of `ascending` that is not above `value`, leaving room for one after it. */
export function lastAtOrBefore(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((ascending[middle] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}
