/** Something that holds back what is written to it until it is told that the turn is over. */
export interface Flushable {
  flush(): void
}

/**
 * What one read brings is written in as few pieces as there are receivers: those that were written to are flushed together, when all of
 * that read was worked off. (By a promise, which costs
 * less than `process.nextTick` does: it is one for every message.)
 */
export class WriteBatch {
  readonly #turn = Promise.resolve()
  #held: Flushable[] = []

  add(receiver: Flushable): void {
    if (this.#held.push(receiver) === 1) void this.#turn.then(this.#flush)
  }

  readonly #flush = (): void => {
    const held = this.#held
    this.#held = []
    for (const receiver of held) receiver.flush()
  }
}
