/**
 * Writes fields of up to 32 bits into a byte array, most significant bit first, without allocating. Writing
 * past the end throws a RangeError: capacity is the caller's to get right, never a matter of input.
 */
export class BitWriter {
  bytes: Uint8Array
  /** Bits written so far. */
  position = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Starts over, in another array where one is given. */
  reset(bytes: Uint8Array = this.bytes): void {
    this.bytes = bytes
    this.position = 0
  }

  /** Whole bytes that hold what was written. */
  get byteLength(): number {
    return (this.position + 7) >>> 3
  }

  /** Writes the low `width` (1 to 32) bits of `value`. */
  write(value: number, width: number): void {
    const end = this.position + width
    if (end > this.bytes.length * 8) throw new RangeError('BitWriter: out of capacity')
    let remaining = width
    while (remaining > 0) {
      const index = this.position >>> 3
      const used = this.position & 7
      const take = Math.min(8 - used, remaining)
      const part = (value >>> (remaining - take)) & ((1 << take) - 1)
      const shift = 8 - used - take
      const kept = used === 0 ? 0 : (this.bytes[index] ?? 0) & (0xff << (8 - used))
      this.bytes[index] = kept | (part << shift)
      this.position += take
      remaining -= take
    }
  }

  /** What was written, as a view of the underlying array. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.byteLength)
  }
}

/**
 * Reads what a {@link BitWriter} wrote. Reading past the end gives zeros and sets {@link BitReader.overrun}:
 * hostile input is checked once at the end instead of at each field.
 */
export class BitReader {
  bytes: Uint8Array
  position = 0
  #overrun = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  reset(bytes: Uint8Array, position = 0): void {
    this.bytes = bytes
    this.position = position
    this.#overrun = false
  }

  /** Whether a read went past the end. */
  get overrun(): boolean {
    return this.#overrun
  }

  /** Bits left to read. */
  get remaining(): number {
    return Math.max(0, this.bytes.length * 8 - this.position)
  }

  /** The next `width` (1 to 32) bits as an unsigned number. */
  read(width: number): number {
    if (this.position + width > this.bytes.length * 8) {
      this.#overrun = true
      this.position = this.bytes.length * 8
      return 0
    }
    let value = 0
    let remaining = width
    while (remaining > 0) {
      const byte = this.bytes[this.position >>> 3] ?? 0
      const used = this.position & 7
      const take = Math.min(8 - used, remaining)
      const part = (byte >>> (8 - used - take)) & ((1 << take) - 1)
      value = value * (1 << take) + part
      this.position += take
      remaining -= take
    }
    return value
  }

  /** The next `width` (2 to 32) bits as a two's complement number. */
  readSigned(width: number): number {
    const value = this.read(width)
    return value >= 2 ** (width - 1) ? value - 2 ** width : value
  }
}
