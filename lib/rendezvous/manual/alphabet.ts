import { ConvoyError } from '../../core/index.ts'

// Letters and digits alone: chats turn quotes, dashes, dots, underscores and asterisks into other things.
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const base = 62n

/** Bytes of a block, the most of which digits waste little: 11 digits hold 65.5 bits. */
const blockBytes = 8

/** Digits that a block of so many bytes takes. */
const blockDigits = [0, 2, 3, 5, 6, 7, 9, 10, 11] as const

/** Digits that so many bytes take. */
export function base62Length(byteCount: number): number {
  const rest = byteCount % blockBytes
  return Math.floor(byteCount / blockBytes) * blockDigits[blockBytes] + (blockDigits[rest] ?? 0)
}

/** `bytes` as digits and letters, block by block; see [MAN-3]. */
export function toBase62(bytes: Uint8Array): string {
  let text = ''
  for (let offset = 0; offset < bytes.length; offset += blockBytes) {
    const block = bytes.subarray(offset, offset + blockBytes)
    let value = 0n
    for (const byte of block) value = (value << 8n) | BigInt(byte)
    text += numberToBase62(value, blockDigits[block.length] ?? 0)
  }
  return text
}

/**
 * Reads what {@link toBase62} wrote of `byteCount` bytes.
 * @throws ConvoyError `invalid-argument` for text of another length, with other characters, or that no bytes give.
 */
export function fromBase62(text: string, byteCount: number): Uint8Array {
  if (text.length !== base62Length(byteCount)) throw invalid()
  const bytes = new Uint8Array(byteCount)
  let at = 0
  for (let offset = 0; offset < byteCount; offset += blockBytes) {
    const size = Math.min(blockBytes, byteCount - offset)
    const length = blockDigits[size] ?? 0
    let value = numberFromBase62(text.slice(at, (at += length)))
    for (let index = size - 1; index >= 0; index--) {
      bytes[offset + index] = Number(value & 0xffn)
      value >>= 8n
    }
    if (value !== 0n) throw invalid()
  }
  return bytes
}

/** `value` in exactly `length` digits. */
export function numberToBase62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value, count = 0; count < length; count++, rest /= base) {
    text = digits.charAt(Number(rest % base)) + text
  }
  return text
}

/** @throws ConvoyError `invalid-argument` for other characters. */
export function numberFromBase62(text: string): bigint {
  let value = 0n
  for (const character of text) {
    const digit = digits.indexOf(character)
    if (digit < 0) throw invalid()
    value = value * base + BigInt(digit)
  }
  return value
}

function invalid(): ConvoyError {
  return new ConvoyError('invalid-argument', 'Expected letters and digits that bytes were written in.')
}
