import { answerSoonWithinMs, answerWithinMs } from './constants.ts'

/** When a datagram has to go out so that the other side knows it was heard, [LNK-16]. */
export class PendingAnswer {
  /** Infinity while nothing asks for one. */
  by = Infinity
  #payloads = 0

  /** A state payload came. @returns {@link PendingAnswer.by}. */
  afterPayload(now: number): number {
    this.#payloads++
    return this.#within(this.#payloads === 1 ? answerWithinMs : answerSoonWithinMs, now)
  }

  /** A control frame came. @returns {@link PendingAnswer.by}. */
  afterControl(now: number): number {
    return this.#within(answerSoonWithinMs, now)
  }

  /** A datagram went out. */
  given(): void {
    this.by = Infinity
    this.#payloads = 0
  }

  #within(ms: number, now: number): number {
    this.by = Math.min(this.by, now + ms)
    return this.by
  }
}
