import { ConvoyError } from './errors.ts'

// Crockford's alphabet: no i, l, o (look like 1, 1, 0) and no u.
const base32Digits = '0123456789abcdefghjkmnpqrstvwxyz'

/** Base32 with Crockford's digits in lower case, without padding: for texts that people read and type. */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let bitCount = 0
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff
    bitCount += 8
    while (bitCount >= 5) {
      bitCount -= 5
      text += base32Digits.charAt((bits >> bitCount) & 31)
    }
  }
  if (bitCount > 0) text += base32Digits.charAt((bits << (5 - bitCount)) & 31)
  return text
}

/**
 * Reads what {@link toBase32} wrote. As Crockford asks, capitals and the look-alikes `i`, `l` (1) and `o` (0)
 * are understood.
 * @throws ConvoyError `invalid-argument` when `text` is not base32, or has spare bits that are not zero.
 */
export function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let bitCount = 0
  let offset = 0
  for (const character of text.toLowerCase().replace(/[il]/g, '1').replace(/o/g, '0')) {
    const digit = base32Digits.indexOf(character)
    if (digit < 0) throw new ConvoyError('invalid-argument', 'Expected base32 text.')
    bits = ((bits << 5) | digit) & 0xfff
    bitCount += 5
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[offset++] = (bits >> bitCount) & 0xff
    }
  }
  if (bitCount >= 5 || (bits & ((1 << bitCount) - 1)) !== 0) {
    throw new ConvoyError('invalid-argument', 'Expected base32 text.')
  }
  return bytes
}
