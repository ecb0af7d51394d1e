/**
 * Runs asynchronous tasks one at a time, in the order they were added, so that what arrived in order is acted
 * on in order although checking a signature takes a promise.
 */
export class SerialQueue {
  #tail: Promise<void> = Promise.resolve()
  #length = 0
  readonly #onError: (error: unknown) => void

  /** @param onError - told of a task that failed; the queue goes on. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Tasks that wait or run. */
  get length(): number {
    return this.#length
  }

  add(task: () => void | Promise<void>): void {
    this.#length++
    this.#tail = this.#tail.then(async () => {
      try {
        await task()
      } catch (error) {
        this.#report(error)
      } finally {
        this.#length--
      }
    })
  }

  /** Resolves once everything added so far is done. */
  idle(): Promise<void> {
    return this.#tail
  }

  #report(error: unknown): void {
    try {
      this.#onError(error)
    } catch {
      // Whoever listens may fail as well, e.g. an embedder's logger; what waits must go on all the same.
    }
  }
}
