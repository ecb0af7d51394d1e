import { isConvoyError, type Clock, type RandomSource } from '../../lib/core/index.ts'
import { createIdentity } from '../../lib/identity/index.ts'

/** The time and the randomness of the test vectors in docs/protocol/01-identity.md. */
export const vectorTime = 1_767_225_600_000
export const vectorSeed = Uint8Array.from({ length: 32 }, (_, index) => index)
export const vectorRandom: RandomSource = { bytes: (length) => new Uint8Array(length).fill(7), next: () => 0 }

/** Three peers that are the same in every run. */
export const alice = createIdentity({ seed: vectorSeed })
export const bob = createIdentity({ seed: new Uint8Array(32).fill(0xb0) })
export const mallory = createIdentity({ seed: new Uint8Array(32).fill(0x3a) })

/** A clock that stands still at a wall time. */
export function stoppedClock(wallTime = vectorTime): Clock {
  return { now: () => 0, wallTime: () => wallTime, after: () => () => {}, every: () => () => {} }
}

/** The code of the ConvoyError that `work` throws or rejects with; `none` when it does neither. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (isConvoyError(error)) return error.code
    throw error
  }
  return 'none'
}

/** Copies of `bytes` with one bit flipped, one copy for each byte. */
export function tampered(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte, index) => {
    const copy = Uint8Array.from(bytes)
    copy[index] = byte ^ (1 << (index % 8))
    return copy
  })
}

/** Points of X25519's curve and its twist whose order divides 8: whoever agrees with one comes to zeros. */
export const lowOrderKeys: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]
