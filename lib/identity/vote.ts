import * as v from 'valibot'
import { equalBytes, type Clock, type RandomSource } from '../core/index.ts'
import { bytesOf, count, decodeMessage, encodeMessage, publicKey, sessionId } from '../protocol/index.ts'
import { entryLifetimeMs, voteBytes, witnessSecretBytes } from './constants.ts'
import { openEnvelope, signEnvelope } from './envelope.ts'
import { domainHash } from './hash.ts'
import type { Identity, Verify } from './identity.ts'

/** The signed body of a vote. */
export const voteSchema = v.strictObject({
  sessionId,
  epoch: count,
  /** Number that the `elected` entry will have. */
  number: count,
  /** Digest of the entry before it. */
  previous: bytesOf(32),
  candidate: publicKey,
})

/** What a vote says: `candidate` may begin `epoch` with the entry `number`, right after the entry with digest `previous`. */
export type Vote = v.InferOutput<typeof voteSchema>

/** What signing takes. */
export interface Signing {
  readonly identity: Pick<Identity, 'signKey' | 'signer'>
  readonly clock: Clock
  readonly random: RandomSource
}

/** What opening takes. */
export interface Opening {
  readonly clock: Clock
  /** What checks signatures (default `verifySignature`). */
  readonly verify?: Verify | undefined
}

/** A vote whose signature was checked. */
export interface OpenedVote {
  /** Sign key of who voted. */
  readonly voter: Uint8Array
  readonly vote: Vote
}

/** Signs a vote ([SUC-2]). That none is given twice in an epoch is the caller's matter. */
export function signVote({ identity, clock, random }: Signing, vote: Vote): Promise<Uint8Array> {
  const body = encodeMessage(voteSchema, vote, voteBytes)
  return signEnvelope(identity, { purpose: 'vote', body, lifetimeMs: entryLifetimeMs }, { clock, random })
}

/**
 * Opens a vote; who may vote, and for what, is the caller's matter.
 * @throws ConvoyError those of `openEnvelope`, `message-malformed`.
 */
export async function openVote({ clock, verify }: Opening, bytes: Uint8Array): Promise<OpenedVote> {
  const { signKey, body } = await openEnvelope(bytes, { clock, verify, purpose: 'vote', maxBytes: voteBytes })
  return { voter: signKey, vote: decodeMessage(voteSchema, body, voteBytes) }
}

/** Whether both say the same. */
export function isSameVote(a: Vote, b: Vote): boolean {
  return (
    equalBytes(a.sessionId, b.sessionId) &&
    a.epoch === b.epoch &&
    a.number === b.number &&
    equalBytes(a.previous, b.previous) &&
    equalBytes(a.candidate, b.candidate)
  )
}

/** What a witness is told of a voter's one-time secret ([WIT-2]): who knows only this can't show the secret. */
export function witnessSecretHash(secret: Uint8Array): Uint8Array {
  return domainHash('openconvoy witness secret 1', witnessSecretBytes, secret)
}
