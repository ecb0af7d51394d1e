import { sequenceAfter } from './stateHeader.ts'

/** Datagrams over which loss is averaged, once there were as many: some seconds of a usual flow. */
const lossSpan = 128

/**
 * Which of the latest 33 sequence numbers have arrived. What slides out unseen was lost. One of them watches
 * what arrives here; another follows what the other side reports.
 */
export class ArrivalWindow {
  /** The newest sequence number that arrived; meaningless before the first. */
  newest = 0
  /** Bit n stands for the sequence n + 1 before the newest. */
  arrivals = 0
  #started = false
  #settled = 0
  #loss = 0

  get started(): boolean {
    return this.#started
  }

  /** Share of lost datagrams among the latest, 0…1. */
  get loss(): number {
    return this.#loss
  }

  /** Notes that `sequence` arrived. Tells whether it is the newest, an older one, or was there before. */
  arrive(sequence: number): 'newest' | 'older' | 'duplicate' {
    if (!this.#started) {
      this.#start(sequence)
      return 'newest'
    }
    const ahead = sequenceAfter(sequence, this.newest)
    if (ahead > 0) {
      this.#advance(sequence, ahead)
      return 'newest'
    }
    if (ahead === 0) return 'duplicate'
    if (ahead < -32) return 'older'
    const bit = 1 << (-ahead - 1)
    if ((this.arrivals & bit) !== 0) return 'duplicate'
    this.arrivals |= bit
    return 'older'
  }

  /** Whether `sequence` is among the latest and arrived. */
  holds(sequence: number): boolean {
    if (!this.#started) return false
    const behind = sequenceAfter(this.newest, sequence)
    return behind === 0 || (behind > 0 && behind <= 32 && (this.arrivals & (1 << (behind - 1))) !== 0)
  }

  /** Takes over a report of another window: its newest number and arrivals. */
  follow(newest: number, arrivals: number): void {
    if (!this.#started) {
      this.#start(newest)
      this.arrivals = arrivals | 0
      return
    }
    const ahead = sequenceAfter(newest, this.newest)
    if (ahead > 0) this.#advance(newest, ahead)
    if (ahead >= 0) this.arrivals |= arrivals
  }

  // What came before the first is nobody's loss.
  #start(sequence: number): void {
    this.#started = true
    this.newest = sequence
    this.arrivals = -1
  }

  #advance(sequence: number, by: number): void {
    // The window holds the newest itself and 32 before it; a step of more than 33 loses what it skips.
    for (let step = Math.min(by, 33); step > 0; step--) {
      this.#settle((this.arrivals & (1 << 31)) !== 0)
      const arrivedBefore = step === Math.min(by, 33) ? 1 : 0
      this.arrivals = (this.arrivals << 1) | arrivedBefore
    }
    for (let step = Math.min(by - 33, lossSpan); step > 0; step--) this.#settle(false)
    this.newest = sequence
  }

  #settle(arrived: boolean): void {
    this.#settled = Math.min(this.#settled + 1, lossSpan)
    this.#loss += ((arrived ? 0 : 1) - this.#loss) / this.#settled
  }
}
