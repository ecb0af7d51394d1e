import { concat } from '../core/index.ts'
import { frameLimits } from './frames.ts'

/** Each frame follows its length, two bytes, big end first. */
const prefixBytes = 2

/** A frame as it travels over what carries bytes only. */
export function prefixed(frame: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(frame.length >> 8, frame.length & 0xff), frame)
}

/** Cuts a stream of bytes into the frames that {@link prefixed} made; keeps nothing beyond one frame. */
export class PrefixedFrames {
  readonly #take: (frame: Uint8Array) => void
  readonly #leastBytes: number
  /** The frame that is arriving, its prefix included. */
  readonly #incoming = new Uint8Array(prefixBytes + frameLimits.frameBytes)
  #received = 0

  /** @param leastBytes - bytes that a frame has at least. */
  constructor(take: (frame: Uint8Array) => void, { leastBytes = 1 } = {}) {
    this.#take = take
    this.#leastBytes = leastBytes
  }

  /** @returns false where a frame is too short or too long: what follows can't be told apart from it any more. */
  push(bytes: Uint8Array): boolean {
    let offset = 0
    while (offset < bytes.length) {
      const wanted = this.#received < prefixBytes ? prefixBytes : prefixBytes + this.#frameLength()
      const part = bytes.subarray(offset, offset + wanted - this.#received)
      this.#incoming.set(part, this.#received)
      this.#received += part.length
      offset += part.length
      if (!this.#deliver()) return false
    }
    return true
  }

  #deliver(): boolean {
    if (this.#received < prefixBytes) return true
    const length = this.#frameLength()
    if (length < this.#leastBytes || length > frameLimits.frameBytes) return false
    if (this.#received < prefixBytes + length) return true
    this.#received = 0
    this.#take(this.#incoming.slice(prefixBytes, prefixBytes + length))
    return true
  }

  #frameLength(): number {
    return ((this.#incoming[0] ?? 0) << 8) | (this.#incoming[1] ?? 0)
  }
}
