import { ConvoyError } from './errors.ts'

const textEncoder = new TextEncoder()
// "Ignoring" a byte order mark means keeping it: text must come back as it was signed.
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return textEncoder.encode(text)
}

/**
 * The text of UTF-8 `bytes`.
 * @throws ConvoyError `message-malformed` when they are not UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return textDecoder.decode(bytes)
  } catch (cause) {
    throw new ConvoyError('message-malformed', 'The text is not valid UTF-8.', { cause })
  }
}

/** One array with the bytes of all `parts` in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** A plain copy. Unlike `slice()`, also of Node's `Buffer`, whose `slice()` shares its memory. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/** Whether both hold the same bytes. The time it takes depends on the length only, not on the content. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}

/** As {@link equalBytes}, for what is no secret, such as public keys and digests: done at the first difference. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexOfByte[byte] ?? ''
  return text
}

/** @throws ConvoyError `invalid-argument` when `text` is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw new ConvoyError('invalid-argument', 'Expected an even number of hexadecimal digits.')
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}

const base64UrlDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Base64 with the URL alphabet of RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    const digits = Math.min(bytes.length - index, 3) + 1
    for (let digit = 0; digit < digits; digit++)
      text += base64UrlDigits.charAt((group >> (18 - 6 * digit)) & 63)
  }
  return text
}

/** @throws ConvoyError `invalid-argument` when `text` is not unpadded base64url in its one canonical form. */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let bitCount = 0
  let offset = 0
  for (const character of text) {
    const digit = base64UrlDigits.indexOf(character)
    if (digit < 0) throw new ConvoyError('invalid-argument', 'Expected base64url text.')
    bits = ((bits << 6) | digit) & 0xffff
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[offset++] = (bits >> bitCount) & 0xff
    }
  }
  // A lone last digit, or spare bits that are not zero, would give one value several spellings.
  if (bitCount >= 6 || (bits & ((1 << bitCount) - 1)) !== 0) {
    throw new ConvoyError('invalid-argument', 'Expected base64url text.')
  }
  return bytes
}
