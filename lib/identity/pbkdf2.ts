import { pbkdf2 } from '@noble/hashes/pbkdf2.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { copyOf } from '../core/index.ts'
import { keyBytes } from './constants.ts'
import { webCrypto } from './webCrypto.ts'

/** Derives a key of 32 bytes by PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2). */
export type Pbkdf2 = (
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
) => Uint8Array | Promise<Uint8Array>

/**
 * Up to here the derivation takes about a millisecond in plain JavaScript, and is done there: a simulation that
 * asks for so few stays synchronous and so replays.
 */
const quickIterations = 1_000

/** Natively where the platform can and it pays, else in plain JavaScript; the bytes are the same. */
export const deriveKey: Pbkdf2 = (password, salt, iterations) => {
  const subtle = iterations > quickIterations ? webCrypto() : undefined
  return (subtle === undefined ? portablePbkdf2 : nativePbkdf2(subtle))(password, salt, iterations)
}

/** Anywhere; blocks for about a second at a real password's iterations. */
export const portablePbkdf2: Pbkdf2 = (password, salt, iterations) =>
  pbkdf2(sha256, password, salt, { c: iterations, dkLen: keyBytes })

/** By WebCrypto, on a thread of its own. */
export function nativePbkdf2(subtle: SubtleCrypto): Pbkdf2 {
  return async (password, salt, iterations) => {
    const key = await subtle.importKey('raw', copyOf(password), 'PBKDF2', false, ['deriveBits'])
    const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: copyOf(salt), iterations }
    return new Uint8Array(await subtle.deriveBits(algorithm, key, keyBytes * 8))
  }
}
