/** Intervals are given in parts of this. */
export const rangeTotal = 65_536

/** Bits of {@link rangeTotal}. */
const totalBits = 16

/**
 * Writes symbols as intervals of probability into bytes: likely ones cost a fraction of a bit. A range coder
 * (G. N. N. Martin, 1979) with carry; the end is the shortest byte string that no other message shares, zeros
 * at the very end left out. Allocates nothing; writing past the end throws a RangeError.
 */
export class RangeEncoder {
  readonly bytes: Uint8Array
  #start = 0
  #length = 0
  // Both count from 0 to 2^32 − 1 and are held as integers of 32 bits, with which engines are fast: `>>> 0` tells their value.
  #low = 0
  #range = -1

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
    this.#range = -1
  }

  /** Writes the symbol whose interval is `from` (inclusive) to `to` (exclusive) of {@link rangeTotal}. */
  encode(from: number, to: number): void {
    const part = this.#range >>> totalBits
    this.#raise(Math.imul(part, from))
    let range = Math.imul(part, to - from)
    // Kept at or above 2^24, so that every part stays at least 2^8 wide.
    while (range >>> 24 === 0) {
      this.#shift()
      range <<= 8
    }
    this.#range = range
  }

  /** Writes the low `width` bits (1 to 16) of `value` as they are. */
  encodeBits(value: number, width: number): void {
    const share = totalBits - width
    const code = value & ((1 << width) - 1)
    this.encode(code << share, (code + 1) << share)
  }

  /** Ends the message. @returns how many bytes the array holds up to here. */
  finish(): number {
    // The number with the most zero bytes at its end that lies in the interval: how far it lies above its start.
    let bytes = 0
    let above = -this.#low
    for (let below = -1; above >>> 0 >= this.#range >>> 0; bytes++) {
      below >>>= 8
      above &= below
    }
    this.#raise(above)
    for (; bytes > 0; bytes--) this.#shift()
    while (this.#length > this.#start && this.bytes[this.#length - 1] === 0) this.#length--
    return this.#length
  }

  #raise(by: number): void {
    const before = this.#low
    this.#low = (before + by) | 0
    if (this.#low >>> 0 < before >>> 0) this.#carry()
  }

  #shift(): void {
    if (this.#length >= this.bytes.length) throw new RangeError('RangeEncoder: out of capacity')
    this.bytes[this.#length++] = this.#low >>> 24
    this.#low <<= 8
  }

  /** Adds one to the number written so far: it is never all ones, for the whole stays below one. */
  #carry(): void {
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
  // Integers of 32 bits, as the encoder's.
  #code = 0
  #range = -1

  /** Starts on `bytes`, `start` bytes in. */
  reset(bytes: Uint8Array, start = 0): void {
    this.#bytes = bytes
    this.#position = start
    this.#code = 0
    this.#range = -1
    for (let index = 0; index < 4; index++) this.#code = (this.#code << 8) | this.#next()
  }

  /** Where the next symbol lies, 0 to {@link rangeTotal} − 1: it is the one whose interval contains this. */
  target(): number {
    const target = ((this.#code >>> 0) / (this.#range >>> totalBits)) | 0
    return target < rangeTotal ? target : rangeTotal - 1
  }

  /** Whether {@link RangeDecoder.target} is below `bound`, which is less than {@link rangeTotal}: without a division. */
  isBelow(bound: number): boolean {
    return this.#code >>> 0 < Math.imul(this.#range >>> totalBits, bound) >>> 0
  }

  /** Goes on past the symbol with this interval, which must contain {@link RangeDecoder.target}. */
  accept(from: number, to: number): void {
    const part = this.#range >>> totalBits
    let range = Math.imul(part, to - from)
    let code = (this.#code - Math.imul(part, from)) | 0
    // What no encoder writes, and past it nothing is told apart any more: kept from growing over 32 bits.
    if (code >>> 0 > range >>> 0) code = range
    while (range >>> 24 === 0) {
      code = (code << 8) | this.#next()
      range <<= 8
    }
    this.#code = code
    this.#range = range
  }

  /** Reads `width` bits (1 to 16). */
  decodeBits(width: number): number {
    const share = totalBits - width
    const code = this.target() >> share
    this.accept(code << share, (code + 1) << share)
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
