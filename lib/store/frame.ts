import { utf8 } from '../core/index.ts'
import { crc32 } from './crc32.ts'

/** Version of everything in the store: this frame, and the schemas of what is in it. */
export const formatVersion = 1

/** A version byte and a CRC-32. */
const headerBytes = 5

/**
 * `value` as it lies on the disk under `key`: `version (1 byte) ‖ CRC-32 (4, big-endian) ‖ value`. The checksum covers key,
 * version and value, so that a value that turns up under another key counts as damaged too.
 */
export function frame(key: string, value: Uint8Array, version = formatVersion): Uint8Array {
  const framed = new Uint8Array(headerBytes + value.length)
  framed[0] = version
  framed.set(value, headerBytes)
  new DataView(framed.buffer).setUint32(1, checksumOf(key, framed))
  return framed
}

/** What {@link frame} framed, and its checksum; undefined when it is damaged. */
export function unframe(
  key: string,
  framed: Uint8Array,
): { version: number; checksum: number; value: Uint8Array } | undefined {
  const [version] = framed
  if (version === undefined || framed.length < headerBytes) return undefined
  const checksum = checksumIn(framed)
  if (checksum !== checksumOf(key, framed)) return undefined
  return { version, checksum, value: framed.subarray(headerBytes) }
}

/** The checksum of what {@link frame} made and {@link unframe} found sound. */
export function checksumIn(framed: Uint8Array): number {
  return new DataView(framed.buffer, framed.byteOffset, framed.byteLength).getUint32(1)
}

function checksumOf(key: string, framed: Uint8Array): number {
  return crc32(framed.subarray(headerBytes), crc32(framed.subarray(0, 1), crc32(utf8(key))))
}
