import nacl from 'tweetnacl'
import { concat, copyOf } from '../core/index.ts'
import { keyBytes } from './constants.ts'
import { webCrypto } from './webCrypto.ts'

/** Derives a key of 32 bytes by PBKDF2-HMAC-SHA-512 (RFC 8018 section 5.2). */
export type Pbkdf2 = (
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
) => Uint8Array | Promise<Uint8Array>

/**
 * Up to here the derivation takes milliseconds in plain JavaScript, and is done there: a simulation that asks
 * for so few stays synchronous and so replays.
 */
const quickIterations = 1_000

/** Natively where the platform can and it pays, else in plain JavaScript; the bytes are the same. */
export const deriveKey: Pbkdf2 = (password, salt, iterations) => {
  const subtle = iterations > quickIterations ? webCrypto() : undefined
  return (subtle === undefined ? portablePbkdf2 : nativePbkdf2(subtle))(password, salt, iterations)
}

/**
 * Anywhere, on the SHA-512 of tweetnacl, which is here anyway: a library of its own would be a tenth of what a
 * page may weigh, for pages without WebCrypto only. Blocks for seconds at a real password's iterations.
 */
export const portablePbkdf2: Pbkdf2 = (password, salt, iterations) => {
  const authenticate = hmacSha512(password)
  // The first block is all there is: 32 bytes are less than the hash has.
  let round = authenticate(concat(salt, Uint8Array.of(0, 0, 0, 1)))
  const sum = round.slice()
  for (let iteration = 1; iteration < iterations; iteration++) {
    round = authenticate(round)
    for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) ^ (round[index] ?? 0)
  }
  return sum.slice(0, keyBytes)
}

/** By WebCrypto, on a thread of its own. */
export function nativePbkdf2(subtle: SubtleCrypto): Pbkdf2 {
  return async (password, salt, iterations) => {
    const key = await subtle.importKey('raw', copyOf(password), 'PBKDF2', false, ['deriveBits'])
    const algorithm = { name: 'PBKDF2', hash: 'SHA-512', salt: copyOf(salt), iterations }
    return new Uint8Array(await subtle.deriveBits(algorithm, key, keyBytes * 8))
  }
}

/** Bytes that SHA-512 works on at a time, and what HMAC pads a key to (RFC 2104). */
const blockBytes = 128

function hmacSha512(key: Uint8Array): (message: Uint8Array) => Uint8Array {
  const block = new Uint8Array(blockBytes)
  block.set(key.length > blockBytes ? nacl.hash(key) : key)
  const inner = block.map((byte) => byte ^ 0x36)
  const outer = block.map((byte) => byte ^ 0x5c)
  return (message) => nacl.hash(concat(outer, nacl.hash(concat(inner, message))))
}
