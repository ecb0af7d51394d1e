import { concat } from '../../core/index.ts'
import { Cursor, entryTypes, hasChecksum, type FileEntry } from './entry.ts'

const blockBytes = 32_768
/** Checksum, length, type. */
const headerBytes = 7
const recordTypes = { none: 0, full: 1, first: 2, middle: 3, last: 4 } as const

/**
 * Reads a log of LevelDB's (`.log`), as its format is described in doc/log_format.md there; every record against its
 * checksum.
 * @returns whether all of it is sound, apart from a last record that is cut short; `onEntry` gets the entries of the records
 * that are.
 */
export function readLog(file: Uint8Array, onEntry: (entry: FileEntry) => void): boolean {
  let sound = true
  let parts: Uint8Array[] = []
  for (let start = 0; start < file.length; start += blockBytes) {
    const block = file.subarray(start, start + blockBytes)
    for (const record of recordsOf(block)) {
      if (record === undefined) {
        sound = false
        parts = []
        continue
      }
      const { type, data } = record
      const begins = type === recordTypes.full || type === recordTypes.first
      if (begins === parts.length > 0) sound = false
      if (begins) parts = []
      // What goes on without a beginning lost it.
      else if (parts.length === 0) continue
      parts.push(data)
      if (type !== recordTypes.full && type !== recordTypes.last) continue
      if (!readBatch(concat(...parts), onEntry)) sound = false
      parts = []
    }
  }
  return sound
}

/** Records of a block; undefined for a damaged one, after which nothing is known of the rest. */
function* recordsOf(block: Uint8Array): Generator<{ type: number; data: Uint8Array } | undefined> {
  for (let offset = 0; offset + headerBytes <= block.length;) {
    const header = new Cursor(block.subarray(offset, offset + headerBytes))
    const stored = header.uint32()
    const length = header.byte() + header.byte() * 256
    const type = header.byte()
    // Room that was set aside for the log and not used.
    if (type === recordTypes.none && length === 0) return
    const end = offset + headerBytes + length
    if (end > block.length) {
      // Cut short, unless more follows after this block.
      if (block.length === blockBytes) yield undefined
      return
    }
    const data = block.subarray(offset + headerBytes, end)
    if (!hasChecksum(stored, Uint8Array.of(type), data)) {
      yield undefined
      return
    }
    yield { type, data }
    offset = end
  }
}

/** @returns whether it is a batch of changes. */
function readBatch(batch: Uint8Array, onEntry: (entry: FileEntry) => void): boolean {
  try {
    const cursor = new Cursor(batch)
    const sequence = cursor.uint64()
    const count = cursor.uint32()
    const entries: FileEntry[] = []
    for (let index = 0; index < count; index++) {
      const type = cursor.byte()
      const key = cursor.take(cursor.varint())
      const value = type === entryTypes.value ? cursor.take(cursor.varint()) : undefined
      entries.push({ key, sequence: sequence + index, value })
    }
    entries.forEach(onEntry)
    return true
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return false
  }
}
