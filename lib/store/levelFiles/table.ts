import { concat } from '../../core/index.ts'
import { Cursor, entryTypes, hasChecksum, type FileEntry } from './entry.ts'

/** Two handles, padded, and a magic number. */
const footerBytes = 48
const magic = [0x8b80fb57, 0xdb477524]
/** Its type and its checksum follow each block. */
const trailerBytes = 5
/** The one type of block that we write: without compression. */
const plain = 0

/**
 * Reads a table of LevelDB's (`.ldb`), as its format is described in doc/table_format.md there; every block against its
 * checksum, which LevelDB itself doesn't do.
 * @returns whether all of it is sound; `onEntry` gets the entries of the blocks that are.
 */
export function readTable(file: Uint8Array, onEntry: (entry: FileEntry) => void): boolean {
  let sound = true
  const attempt = (read: () => void): void => {
    try {
      read()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      sound = false
    }
  }
  attempt(() => {
    const footer = new Cursor(file.subarray(Math.max(0, file.length - footerBytes)))
    const handles = new Cursor(footer.take(footerBytes - 8))
    if (footer.uint32() !== magic[0] || footer.uint32() !== magic[1])
      throw new RangeError('This is no table.')
    const metaIndex = handleIn(handles)
    const index = handleIn(handles)
    attempt(() => {
      // Filters: a damaged one would deny keys that are there.
      for (const [, filter] of entriesOf(blockAt(file, metaIndex)))
        blockAt(file, handleIn(new Cursor(filter)))
    })
    for (const [, handle] of entriesOf(blockAt(file, index))) {
      attempt(() => {
        const entries = entriesOf(blockAt(file, handleIn(new Cursor(handle))))
        for (const [key, value] of entries) onEntry(entryOf(key, value))
      })
    }
  })
  return sound
}

interface Handle {
  offset: number
  size: number
}

function handleIn(cursor: Cursor): Handle {
  return { offset: cursor.varint(), size: cursor.varint() }
}

/** @throws RangeError when it is damaged. */
function blockAt(file: Uint8Array, { offset, size }: Handle): Uint8Array {
  const end = offset + size
  if (end + trailerBytes > file.length) throw new RangeError('A block lies past the end of the table.')
  const block = file.subarray(offset, end)
  const trailer = new Cursor(file.subarray(end, end + trailerBytes))
  const type = trailer.byte()
  if (!hasChecksum(trailer.uint32(), block, Uint8Array.of(type)) || type !== plain) {
    throw new RangeError('A block is damaged.')
  }
  return block
}

/** Keys and values of a block: each key goes without what it has in common with the one before. */
function* entriesOf(block: Uint8Array): Generator<[key: Uint8Array, value: Uint8Array]> {
  const restarts = new Cursor(block.subarray(block.length - 4)).uint32()
  const cursor = new Cursor(block.subarray(0, Math.max(0, block.length - 4 * (restarts + 1))))
  let key = new Uint8Array(0)
  while (!cursor.done) {
    const [shared, unshared, length] = [cursor.varint(), cursor.varint(), cursor.varint()]
    key = concat(key.subarray(0, shared), cursor.take(unshared)) as Uint8Array<ArrayBuffer>
    yield [key, cursor.take(length)]
  }
}

/** Eight bytes follow the key proper: its type, then its sequence number. */
function entryOf(internalKey: Uint8Array, value: Uint8Array): FileEntry {
  const keyLength = internalKey.length - 8
  if (keyLength < 0) throw new RangeError('A key is too short.')
  const tag = new Cursor(internalKey.subarray(keyLength))
  const type = tag.byte()
  const [low, high] = [tag.byte() + tag.byte() * 2 ** 8 + tag.byte() * 2 ** 16, tag.uint32()]
  const key = internalKey.subarray(0, keyLength)
  return { key, sequence: low + high * 2 ** 24, value: type === entryTypes.value ? value : undefined }
}
