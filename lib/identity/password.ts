import * as v from 'valibot'
import { concat, ConvoyError, utf8 } from '../core/index.ts'
import { bytesOf, publicKey } from '../protocol/index.ts'
import { passwordIterationsMax, passwordSaltBytes } from './constants.ts'
import type { Verify } from './identity.ts'
import { deriveKey } from './pbkdf2.ts'
import { tweetnaclSigner, verifySignature } from './signer.ts'

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
 * The public key that proofs of `password` are checked against. At `passwordIterations` it takes about
 * 0.1 s natively; where WebCrypto is missing about 1 s, during which nothing else runs.
 * @throws ConvoyError `invalid-argument` when the salt or the iterations are out of range.
 */
export async function derivePasswordVerifier(
  password: string,
  params: PasswordParams,
): Promise<{ publicKey: Uint8Array }> {
  const { publicKey } = tweetnaclSigner(await passwordSeed(password, params))
  return { publicKey }
}

/** Signs challenges with the key derived from a password; keeping it keeps no password. */
export type PasswordProver = (challenge: Uint8Array) => Promise<Uint8Array>

/**
 * What proves `password` as often as it is asked for, at the cost of one derivation: see {@link provePassword}.
 * @throws ConvoyError `invalid-argument` when the host's salt or iterations are out of range.
 */
export async function derivePasswordProver(
  password: string,
  params: PasswordParams,
): Promise<PasswordProver> {
  const signer = tweetnaclSigner(await passwordSeed(password, params))
  return async (challenge) => signer.sign(proofBytes(challenge))
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
  const prove = await derivePasswordProver(password, params)
  return prove(challenge)
}

/**
 * Whether `proof` was made with the password behind `publicKey`, for this challenge.
 * @param verify - checks real Ed25519 (in simulation {@link verifySync}): a proof is that even where the
 * signatures of peers are simulated.
 */
export async function checkPasswordProof(
  publicKey: Uint8Array,
  challenge: Uint8Array,
  proof: Uint8Array,
  verify: Verify = verifySignature,
): Promise<boolean> {
  return verify(proofBytes(challenge), proof, publicKey)
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
  return deriveKey(utf8(password.normalize('NFC')), boundSalt, iterations)
}

function proofBytes(challenge: Uint8Array): Uint8Array {
  return concat(utf8('openconvoy password proof 1\0'), challenge)
}
