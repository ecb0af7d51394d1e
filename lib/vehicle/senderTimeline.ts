import { timeSpanMs, timeStepsPerMs } from './sampleTime.ts'

/**
 * A driver's clock, as one line of time over all the ways by which its updates come. Times on the wire repeat after 70
 * minutes, and each link counts the repetitions from its own beginning, so that a later one would start in the past.
 */
export class SenderTimeline {
  /** A moment of the sender's clock, and the local time that it was about then. */
  #senderAt = 0
  #localAt = 0
  #known = false

  /** Milliseconds, whole spans, to add to times of a link on which something sent at `sentAt` arrived. */
  shiftFor(sentAt: number, receivedAt: number): number {
    const shift = this.#known
      ? Math.round((this.#expectedAt(receivedAt) - sentAt) / timeSpanMs) * timeSpanMs
      : 0
    this.#note(sentAt + shift, receivedAt)
    return shift
  }

  /** When a sample was taken, of which only the field of its update and the local time, about, are known. */
  place(time: number, localAt: number): number {
    const at = time / timeStepsPerMs
    const spans = this.#known ? Math.round((this.#expectedAt(localAt) - at) / timeSpanMs) : 0
    const placed = at + spans * timeSpanMs
    this.#note(placed, localAt)
    return placed
  }

  /** Forgets everything: another process, another clock. */
  reset(): void {
    this.#known = false
  }

  #expectedAt(localAt: number): number {
    return this.#senderAt + (localAt - this.#localAt)
  }

  #note(senderAt: number, localAt: number): void {
    this.#senderAt = senderAt
    this.#localAt = localAt
    this.#known = true
  }
}
