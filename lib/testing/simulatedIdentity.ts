import { equalBytes, type RandomSource } from '../core/index.ts'
import {
  createIdentity,
  domainHash,
  tweetnaclSigner,
  verifySync,
  type Identity,
  type SynchronousSigner,
  type Verify,
} from '../identity/index.ts'

/** Bytes of a seed and of a public key, and of a signature. */
const keyBytes = 32
const signatureBytes = 64

/**
 * An identity from `random` whose signatures cost a hash instead of an Ed25519 operation, at once instead of on
 * a thread: for the bulk of simulated runs, with {@link simulatedVerify}. Sealing works as with any identity.
 *
 * Worth nothing as security: anyone can compute the signatures. What a run checks with it is that signed
 * things are signed, and that what was tampered with is refused.
 */
export function simulatedIdentity(random: RandomSource): Identity {
  const seed = random.bytes(keyBytes)
  return createIdentity({ seed, signer: simulatedSigner(seed) })
}

/** Signs as a simulated identity does. */
export function simulatedSigner(seed: Uint8Array): SynchronousSigner {
  const publicKey = domainHash('openconvoy simulated sign key', keyBytes, seed)
  return { publicKey, sign: (message) => simulatedSignature(publicKey, message) }
}

/** Checks signatures of simulated identities. */
export const simulatedVerify: Verify = (message, signature, publicKey) =>
  equalBytes(signature, simulatedSignature(publicKey, message))

/**
 * An identity from `random` with real Ed25519 signatures, computed at once by tweetnacl in about 6 ms, with
 * {@link synchronousVerify} in 10 to 20 ms: for the runs that shall leave nothing simulated but time and network.
 */
export function synchronousIdentity(random: RandomSource): Identity {
  const seed = random.bytes(keyBytes)
  return createIdentity({ seed, signer: tweetnaclSigner(seed) })
}

/** Checks Ed25519 signatures without a promise. */
export const synchronousVerify: Verify = verifySync

function simulatedSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return domainHash('openconvoy simulated signature', signatureBytes, publicKey, message)
}
