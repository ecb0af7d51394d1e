import { pbkdf2Async } from '@noble/hashes/pbkdf2.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { concat, ConvoyError, utf8 } from '../core/index.ts'
import { bytesOf, publicKey } from '../protocol/index.ts'
import { keyBytes, passwordIterationsMax, passwordSaltBytes } from './constants.ts'
import type { Verify } from './identity.ts'
import { createSigner, verifySignature } from './signer.ts'

/** How a password becomes a key: what a host shows to joiners. Its own verifier adds the public key. */
export const passwordParamsSchema = v.strictObject({
  salt: bytesOf(passwordSaltBytes),
  /** Bounded, so that no host makes joiners hang. */
  iterations: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(passwordIterationsMax)),
})

/** All that the session's record holds of a password; see [IDN-21]. */
export const passwordVerifierSchema = v.strictObject({ ...passwordParamsSchema.entries, publicKey })

/** See {@link passwordVerifierSchema}. */
export type PasswordVerifier = v.InferOutput<typeof passwordVerifierSchema>

/** How a password becomes a key. */
export interface PasswordParams extends v.InferOutput<typeof passwordParamsSchema> {
  /** Binds the key to one session, so that equal passwords and salts elsewhere give another key. */
  sessionId?: Uint8Array | undefined
}

/**
 * The public key that proofs of `password` are checked against. Takes about a quarter of a second natively at
 * `passwordIterations`, a few times that elsewhere.
 * @throws ConvoyError `invalid-argument` when the salt or the iterations are out of range.
 */
export async function derivePasswordVerifier(
  password: string,
  params: PasswordParams,
): Promise<{ publicKey: Uint8Array }> {
  const { publicKey } = createSigner(await passwordSeed(password, params))
  return { publicKey }
}

/**
 * Proves knowledge of `password` without sending it: the Ed25519 signature of `challenge` with the key derived
 * from it. The challenge must name both peers and be fresh ([IDN-22]), else a proof could be passed on.
 * @throws ConvoyError `invalid-argument` when the host's salt or iterations are out of range.
 */
export async function provePassword(
  password: string,
  params: PasswordParams,
  challenge: Uint8Array,
): Promise<Uint8Array> {
  const signer = createSigner(await passwordSeed(password, params))
  return signer.sign(proofBytes(challenge))
}

/** Whether `proof` was made with the password behind `publicKey`, for this challenge. */
export async function checkPasswordProof(
  publicKey: Uint8Array,
  challenge: Uint8Array,
  proof: Uint8Array,
  verify: Verify = verifySignature,
): Promise<boolean> {
  return verify(proofBytes(challenge), proof, publicKey)
}

/** PBKDF2-HMAC-SHA-256, natively where the platform can. */
export async function pbkdf2(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  // Pages from plain http have no `subtle`; lib.dom claims it is always there.
  subtle: SubtleCrypto | undefined = (globalThis as { crypto?: { subtle?: SubtleCrypto } }).crypto?.subtle,
): Promise<Uint8Array> {
  if (subtle === undefined) return pbkdf2Async(sha256, password, salt, { c: iterations, dkLen: keyBytes })
  const key = await subtle.importKey('raw', new Uint8Array(password), 'PBKDF2', false, ['deriveBits'])
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(salt), iterations }
  return new Uint8Array(await subtle.deriveBits(algorithm, key, keyBytes * 8))
}

async function passwordSeed(password: string, params: PasswordParams): Promise<Uint8Array> {
  const { salt, iterations, sessionId = new Uint8Array(0) } = params
  if (!v.is(passwordParamsSchema, { salt, iterations })) {
    throw new ConvoyError(
      'invalid-argument',
      `A password needs a salt of ${passwordSaltBytes} bytes and 1 to ${passwordIterationsMax} iterations.`,
    )
  }
  // NFC, since keyboards differ in how they compose the same letter.
  const boundSalt = concat(utf8('openconvoy password 1\0'), salt, sessionId)
  return pbkdf2(utf8(password.normalize('NFC')), boundSalt, iterations)
}

function proofBytes(challenge: Uint8Array): Uint8Array {
  return concat(utf8('openconvoy password proof 1\0'), challenge)
}
