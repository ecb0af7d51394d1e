import { journeysAtMost, journeysWithinMs } from './constants.ts'

/** Ferries, services and fast travels of one member: nobody makes many in a row, [ENF-13]. */
export class Journeys {
  /** When they were, ms; the newest last. */
  readonly #times: number[] = []

  /** @returns whether one more at `at` is to be believed. */
  take(at: number): boolean {
    while ((this.#times[0] ?? Infinity) < at - journeysWithinMs) this.#times.shift()
    if (this.#times.length >= journeysAtMost) return false
    this.#times.push(at)
    return true
  }
}
