/** The only source of randomness in the library. */
export interface RandomSource {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array
  /** A number of at least 0 and less than 1. */
  next(): number
}

/** Cryptographically strong randomness of the platform: for everything that runs for real. */
export const systemRandom: RandomSource = {
  bytes(length) {
    const bytes = new Uint8Array(length)
    globalThis.crypto.getRandomValues(bytes)
    return bytes
  },
  next() {
    const words = new Uint32Array(1)
    globalThis.crypto.getRandomValues(words)
    return (words[0] ?? 0) / 2 ** 32
  },
}

/**
 * A repeatable source for simulation and tests: the same seed gives the same numbers on every platform. Not
 * for secrets. The generator is sfc32 of Chris Doty-Humphrey's PractRand, seeded by counter and run in.
 */
export function seededRandom(seed: number): RandomSource {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  // 15 rounds mix a one-word seed through the whole state, as PractRand does.
  for (let round = 0; round < 15; round++) word()
  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let index = 0; index < length; index++) bytes[index] = word() & 0xff
      return bytes
    },
    next: () => word() / 2 ** 32,
  }
}
