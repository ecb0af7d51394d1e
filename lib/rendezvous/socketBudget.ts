import type { SwitchboardLimits } from './switchboardLimits.ts'

/**
 * What one socket may send: two token buckets, of frames and of bytes, filled together. Every frame passes here, and every
 * connection has one, so it asks nobody for the time and holds nothing but numbers.
 */
export class SocketBudget {
  readonly #limits: SwitchboardLimits
  #frames: number
  #bytes: number
  #filledAt: number

  constructor(limits: SwitchboardLimits, now: number) {
    this.#limits = limits
    this.#frames = limits.framesBurst
    this.#bytes = limits.bytesBurst
    this.#filledAt = now
  }

  /** Takes one frame of so many bytes; false where it is too much. */
  tryTake(now: number, bytes: number): boolean {
    const { framesPerSecond, framesBurst, bytesPerSecond, bytesBurst } = this.#limits
    const seconds = (now - this.#filledAt) / 1_000
    this.#filledAt = now
    this.#frames = Math.min(framesBurst, this.#frames + seconds * framesPerSecond)
    this.#bytes = Math.min(bytesBurst, this.#bytes + seconds * bytesPerSecond)
    if (this.#frames < 1) return false
    this.#frames--
    if (this.#bytes < bytes) return false
    this.#bytes -= bytes
    return true
  }
}
