import { answerSoonMs, answerSoonWithinMs, answerWithinMs } from './constants.ts'

/** When a datagram has to go out so that the other side knows it was heard, [LNK-16]. */
export class PendingAnswer {
  /** Infinity while nothing asks for one. */
  by = Infinity
  #payloads = 0
  // Until when each payload is answered soon.
  #soonUntil = Infinity

  /** A state payload came. @returns {@link PendingAnswer.by}. */
  afterPayload(now: number): number {
    if (this.#soonUntil === Infinity) this.#soonUntil = now + answerSoonMs
    this.#payloads++
    const soon = this.#payloads > 1 || now < this.#soonUntil
    return this.#within(soon ? answerSoonWithinMs : answerWithinMs, now)
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
