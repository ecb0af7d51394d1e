/** Runs tasks one at a time, in the order they came, and hands each one's outcome to whoever asked for it. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(task: () => Promise<T>): Promise<T> {
    const outcome = this.#last.then(task)
    this.#last = outcome.catch(() => undefined)
    return outcome
  }
}
