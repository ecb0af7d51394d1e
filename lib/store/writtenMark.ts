import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from './crc32.ts'

/** A number (8 bytes) and its CRC-32. */
const slotBytes = 12

/**
 * A file that holds the number of the last batch that the disk is known to have. A database whose files were cut short
 * looks like an earlier one that is sound: only something outside it can tell. Two slots take turns, so that one is whole
 * whenever the power fails.
 */
export class WrittenMark {
  readonly #file: FileHandle
  #slot: number
  #sequence: number

  private constructor(file: FileHandle, slot: number, sequence: number) {
    this.#file = file
    this.#slot = slot
    this.#sequence = sequence
  }

  /** Opens the file at `path`, which is made where there is none. */
  static async open(path: string): Promise<WrittenMark> {
    // Neither "r+", which wants a file that exists, nor "a+", which can't write in the middle.
    const file = await open(path, 'r+').catch(() => open(path, 'w+'))
    const bytes = new Uint8Array(2 * slotBytes)
    try {
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      const slots = [0, 1].map((slot) => sequenceIn(bytes.subarray(0, bytesRead), slot) ?? 0)
      const newest = (slots[1] ?? 0) > (slots[0] ?? 0) ? 1 : 0
      return new WrittenMark(file, newest, slots[newest] ?? 0)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** 0 where nothing is known to have been written. */
  get sequence(): number {
    return this.#sequence
  }

  /** Returns once the disk has it. */
  async write(sequence: number): Promise<void> {
    if (sequence === this.#sequence) return
    const slot = 1 - this.#slot
    const bytes = new Uint8Array(slotBytes)
    const view = new DataView(bytes.buffer)
    view.setFloat64(0, sequence)
    view.setUint32(8, crc32(bytes.subarray(0, 8)))
    await this.#file.write(bytes, 0, slotBytes, slot * slotBytes)
    await this.#file.datasync()
    this.#slot = slot
    this.#sequence = sequence
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

function sequenceIn(bytes: Uint8Array, slot: number): number | undefined {
  const offset = slot * slotBytes
  if (bytes.length < offset + slotBytes) return undefined
  const view = new DataView(bytes.buffer, offset, slotBytes)
  if (view.getUint32(8) !== crc32(bytes.subarray(offset, offset + 8))) return undefined
  return view.getFloat64(0)
}
