/**
 * The least value of about the latest `windowMs`, kept in two halves so that it costs nothing to hold: what
 * it tells covers between one half and the whole of the window.
 */
export class WindowedMinimum {
  readonly #halfMs: number
  #current = Infinity
  #former = Infinity
  #switchAt = -Infinity

  constructor(windowMs: number) {
    this.#halfMs = windowMs / 2
  }

  add(value: number, now: number): void {
    if (now >= this.#switchAt) {
      // After a long pause both halves are out of date.
      this.#former = now - this.#switchAt < this.#halfMs ? this.#current : Infinity
      this.#current = Infinity
      this.#switchAt = now + this.#halfMs
    }
    if (value < this.#current) this.#current = value
  }

  /** The least value, or Infinity before the first. */
  get value(): number {
    return Math.min(this.#current, this.#former)
  }

  reset(): void {
    this.#current = this.#former = Infinity
    this.#switchAt = -Infinity
  }
}
