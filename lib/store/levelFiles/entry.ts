import { crc32c } from '../crc32.ts'

/** One version of one key, as LevelDB's files hold it. */
export interface FileEntry {
  key: Uint8Array
  /** The higher of two versions of a key is the newer one. */
  sequence: number
  /** Undefined: the key was deleted. */
  value: Uint8Array | undefined
}

/** LevelDB's kinds of entries. */
export const entryTypes = { deletion: 0, value: 1 } as const

/** LevelDB stores checksums changed like this, since what it checks may hold checksums itself. */
export function unmasked(stored: number): number {
  const rotated = (stored - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

/** Whether `parts` one after the other have the checksum `stored`. */
export function hasChecksum(stored: number, ...parts: readonly Uint8Array[]): boolean {
  return parts.reduce((crc, part) => crc32c(part, crc), 0) === unmasked(stored)
}

/** Reads numbers and pieces of a file of LevelDB's one after the other. */
export class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length
  }

  /** @throws RangeError past the end, as all of these do. */
  byte(): number {
    return this.#view.getUint8(this.#offset++)
  }

  uint32(): number {
    const number = this.#view.getUint32(this.#offset, true)
    this.#offset += 4
    return number
  }

  /** Of 64 bits; exact below 2^53. */
  uint64(): number {
    const low = this.uint32()
    return low + this.uint32() * 2 ** 32
  }

  /** Seven bits a byte, the lowest first. */
  varint(): number {
    let number = 0
    for (let factor = 1; factor < 2 ** 53; factor *= 128) {
      const byte = this.byte()
      number += (byte & 127) * factor
      if (byte < 128) return number
    }
    throw new RangeError('A number is too large.')
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#offset) throw new RangeError('The bytes end too early.')
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }
}
