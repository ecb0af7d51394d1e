/** Computes a CRC of 32 bits over `bytes`, continuing from that of what came before. Tells accidents, not attacks. */
export type Crc = (bytes: Uint8Array, before?: number) => number

/** CRC-32 as of IEEE 802.3, PNG and zip: of our own frames. */
export const crc32: Crc = crcOf(0xedb88320)

/** CRC-32C (Castagnoli), as of LevelDB's files. */
export const crc32c: Crc = crcOf(0x82f63b78)

/** @param polynomial - reversed. */
function crcOf(polynomial: number): Crc {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0)
    return remainder
  })
  return (bytes, before = 0) => {
    let remainder = ~before
    for (const byte of bytes) remainder = (remainder >>> 8) ^ (table[(remainder ^ byte) & 0xff] ?? 0)
    return ~remainder >>> 0
  }
}
