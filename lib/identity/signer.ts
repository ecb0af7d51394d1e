import nacl from 'tweetnacl'
import { ConvoyError, copyOf } from '../core/index.ts'
import { keyBytes } from './constants.ts'
import type { MaybePromise, Signer } from './identity.ts'
import { nativeEd25519 } from './nativeEd25519.ts'
import { isStrictlyFormed } from './strictEd25519.ts'

/** A signer that needs no promise. */
export interface SynchronousSigner extends Signer {
  sign(message: Uint8Array): Uint8Array
}

type Sign = (message: Uint8Array) => MaybePromise<Uint8Array>

/**
 * A signer with the platform's Ed25519 where there is one and tweetnacl elsewhere: the signatures are valid
 * everywhere, and the same bytes wherever the platform signs as RFC 8032 says.
 * @param seed - 32 secret bytes.
 * @throws ConvoyError `invalid-argument` when the seed has another length.
 */
export function createSigner(seed: Uint8Array): Signer {
  const fallback = tweetnaclSigner(seed)
  const ownSeed = copyOf(seed)
  let chosen: Promise<Sign> | undefined
  const choose = async (): Promise<Sign> => {
    const native = await nativeEd25519()
    return native?.importSeed(ownSeed) ?? ((message) => fallback.sign(message))
  }
  return {
    publicKey: fallback.publicKey,
    async sign(message) {
      const copy = copyOf(message)
      chosen ??= choose()
      const sign = await chosen
      return sign(copy)
    },
  }
}

/**
 * A signer that answers at once: for simulation, where a promise that a thread resolves would break replay.
 * @param seed - 32 secret bytes.
 * @throws ConvoyError `invalid-argument` when the seed has another length.
 */
export function tweetnaclSigner(seed: Uint8Array): SynchronousSigner {
  if (seed.length !== keyBytes) throw new ConvoyError('invalid-argument', `A seed has ${keyBytes} bytes.`)
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed)
  return { publicKey, sign: (message) => nacl.sign.detached(message, secretKey) }
}

/** Checks an Ed25519 signature, strictly ([IDN-3]), natively where the platform can. Malformed input gives false. */
export async function verifySignature(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean> {
  if (!isStrictlyFormed(signature, publicKey)) return false
  // Copies, since the caller may reuse its buffers meanwhile.
  const copies = [copyOf(message), copyOf(signature), copyOf(publicKey)] as const
  const native = await nativeEd25519()
  if (native === undefined) return nacl.sign.detached.verify(...copies)
  try {
    return await native.verify(...copies)
  } catch {
    // Platforms may refuse a key that is no point of the curve at import already.
    return false
  }
}

/** {@link verifySignature} without a promise, in 10 to 20 ms: for simulation. */
export function verifySync(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return isStrictlyFormed(signature, publicKey) && nacl.sign.detached.verify(message, signature, publicKey)
}
