import type { SwitchboardLimits } from './switchboardLimits.ts'

/** Frames, and bytes of them, per second and in a burst. */
export interface TrafficRates {
  framesPerSecond: number
  framesBurst: number
  bytesPerSecond: number
  bytesBurst: number
}

/**
 * What somebody may send: two token buckets, of frames and of bytes, filled together. Every frame passes some of these, and every
 * connection has one, so it asks nobody for the time and holds nothing but numbers.
 */
export class TrafficBudget {
  readonly #rates: TrafficRates
  #frames: number
  #bytes: number
  #filledAt: number

  constructor(rates: TrafficRates, now: number) {
    this.#rates = rates
    this.#frames = rates.framesBurst
    this.#bytes = rates.bytesBurst
    this.#filledAt = now
  }

  /** Takes one frame of so many bytes; false where it is too much. */
  tryTake(now: number, bytes: number): boolean {
    this.#fill(now)
    if (this.#frames < 1) return false
    this.#frames--
    if (this.#bytes < bytes) return false
    this.#bytes -= bytes
    return true
  }

  /** Whether it is no different from a fresh one. */
  isFull(now: number): boolean {
    this.#fill(now)
    return this.#frames === this.#rates.framesBurst && this.#bytes === this.#rates.bytesBurst
  }

  #fill(now: number): void {
    const { framesPerSecond, framesBurst, bytesPerSecond, bytesBurst } = this.#rates
    const seconds = (now - this.#filledAt) / 1_000
    this.#filledAt = now
    this.#frames = Math.min(framesBurst, this.#frames + seconds * framesPerSecond)
    this.#bytes = Math.min(bytesBurst, this.#bytes + seconds * bytesPerSecond)
  }
}

/** What all sockets of one address may send. */
export function addressRates(limits: SwitchboardLimits): TrafficRates {
  return {
    framesPerSecond: limits.addressFramesPerSecond,
    framesBurst: limits.addressFramesBurst,
    bytesPerSecond: limits.addressBytesPerSecond,
    bytesBurst: limits.addressBytesBurst,
  }
}

/** What may go over all routes of one session, both ways together. */
export function sessionRates(limits: SwitchboardLimits): TrafficRates {
  return {
    framesPerSecond: limits.sessionFramesPerSecond,
    framesBurst: limits.sessionFramesBurst,
    bytesPerSecond: limits.sessionBytesPerSecond,
    bytesBurst: limits.sessionBytesBurst,
  }
}
