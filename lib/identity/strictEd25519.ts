import { copyOf, equalBytes, fromHex } from '../core/index.ts'
import { keyBytes, signatureBytes } from './constants.ts'

// RFC 8032 section 5.1, little-endian: the order L of the base point, and the field prime p = 2^255 − 19.
const groupOrder = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
const fieldPrime = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

// The y coordinates of the eight points whose order divides 8.
const smallOrder: readonly Uint8Array[] = [
  fromHex('0000000000000000000000000000000000000000000000000000000000000000'),
  fromHex('0100000000000000000000000000000000000000000000000000000000000000'),
  fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
  fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]

/**
 * The checks in which implementations of Ed25519 differ, made before any of them is asked, so that all peers
 * agree on what is valid: the signature's S is below the group order (tweetnacl takes S + L as well, which
 * would give one message two signatures), the key is encoded canonically, and it is none of the small-order
 * points, for which one signature fits many messages.
 */
export function isStrictlyFormed(signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== signatureBytes || publicKey.length !== keyBytes) return false
  if (!isBelow(signature.subarray(32), groupOrder)) return false
  const y = copyOf(publicKey)
  y[31] = (y[31] ?? 0) & 0x7f
  return isBelow(y, fieldPrime) && !smallOrder.some((point) => equalBytes(point, y))
}

/** Compares little-endian numbers of the same length; all of them public, so timing does not matter. */
function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let index = bound.length - 1; index >= 0; index--) {
    const difference = (value[index] ?? 0) - (bound[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
