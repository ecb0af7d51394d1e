/** Intervals are given in parts of this. */
export const rangeTotal = 65_536

/** The range is kept at or above this, so that every part of {@link rangeTotal} stays at least 2^8 wide. */
const smallestRange = 2 ** 24
const wholeRange = 2 ** 32

/**
 * Writes symbols as intervals of probability into bytes: likely ones cost a fraction of a bit. A range coder
 * (G. N. N. Martin, 1979) with carry; the end is the shortest byte string that no other message shares, zeros
 * at the very end left out. Allocates nothing; writing past the end throws a RangeError.
 */
export class RangeEncoder {
  readonly bytes: Uint8Array
  #start = 0
  #length = 0
  #low = 0
  #range = wholeRange - 1

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Bytes written so far, what {@link RangeEncoder.finish} adds (at most 4) left out. */
  get length(): number {
    return this.#length
  }

  /** Starts over, `start` bytes into the array. */
  reset(start = 0): void {
    this.#start = start
    this.#length = start
    this.#low = 0
    this.#range = wholeRange - 1
  }

  /** Writes the symbol whose interval is `from` (inclusive) to `to` (exclusive) of {@link rangeTotal}. */
  encode(from: number, to: number): void {
    const part = Math.floor(this.#range / rangeTotal)
    this.#low += part * from
    this.#range = part * (to - from)
    while (this.#range < smallestRange) this.#shift()
  }

  /** Writes the low `width` bits (1 to 16) of `value` as they are. */
  encodeBits(value: number, width: number): void {
    const share = rangeTotal / 2 ** width
    const code = value & (2 ** width - 1)
    this.encode(code * share, (code + 1) * share)
  }

  /** Ends the message. @returns how many bytes the array holds up to here. */
  finish(): number {
    // The number with the most zero bytes at its end that lies in the interval.
    for (let zeros = 4; zeros >= 0; zeros--) {
      const unit = 2 ** (8 * zeros)
      const value = Math.ceil(this.#low / unit) * unit
      if (value >= this.#low + this.#range) continue
      this.#low = value
      for (let kept = 4; kept > zeros; kept--) this.#shift()
      break
    }
    if (this.#low >= wholeRange) this.#carry()
    while (this.#length > this.#start && this.bytes[this.#length - 1] === 0) this.#length--
    return this.#length
  }

  #shift(): void {
    if (this.#low >= wholeRange) this.#carry()
    if (this.#length >= this.bytes.length) throw new RangeError('RangeEncoder: out of capacity')
    const byte = Math.floor(this.#low / smallestRange)
    this.bytes[this.#length++] = byte
    this.#low = (this.#low - byte * smallestRange) * 256
    this.#range *= 256
  }

  /** Adds one to the number written so far: it is never all ones, for the whole stays below one. */
  #carry(): void {
    this.#low -= wholeRange
    let index = this.#length - 1
    while (this.bytes[index] === 255) this.bytes[index--] = 0
    this.bytes[index] = (this.bytes[index] ?? 0) + 1
  }
}

/**
 * Reads what a {@link RangeEncoder} wrote, given the same intervals in the same order. Past the end it reads
 * zeros, as were left out; any input decodes to something, so what comes out is to be checked.
 */
export class RangeDecoder {
  #bytes: Uint8Array = new Uint8Array(0)
  #position = 0
  #code = 0
  #range = wholeRange - 1
  #part = 1

  /** Starts on `bytes`, `start` bytes in. */
  reset(bytes: Uint8Array, start = 0): void {
    this.#bytes = bytes
    this.#position = start
    this.#code = 0
    this.#range = wholeRange - 1
    for (let index = 0; index < 4; index++) this.#code = this.#code * 256 + this.#next()
  }

  /** Where the next symbol lies, 0 to {@link rangeTotal} − 1: it is the one whose interval contains this. */
  target(): number {
    this.#part = Math.floor(this.#range / rangeTotal)
    return Math.min(rangeTotal - 1, Math.floor(this.#code / this.#part))
  }

  /** Goes on past the symbol with this interval, which must contain {@link RangeDecoder.target}. */
  accept(from: number, to: number): void {
    this.#code -= this.#part * from
    this.#range = this.#part * (to - from)
    while (this.#range < smallestRange) {
      this.#code = this.#code * 256 + this.#next()
      this.#range *= 256
    }
  }

  /** Reads `width` bits (1 to 16). */
  decodeBits(width: number): number {
    const share = rangeTotal / 2 ** width
    const code = Math.floor(this.target() / share)
    this.accept(code * share, (code + 1) * share)
    return code
  }

  /** Whether bytes are left that no symbol needed: the message is longer than its encoder would make it. */
  get surplus(): boolean {
    return this.#position < this.#bytes.length
  }

  #next(): number {
    return this.#position < this.#bytes.length ? (this.#bytes[this.#position++] ?? 0) : 0
  }
}
