import * as v from 'valibot'
import { equalBytes } from '../../core/index.ts'
import { openEnvelope, signEnvelope } from '../../identity/index.ts'
import { bytesOf, count, decodeMessage, encodeMessage, publicKey, sessionId } from '../../protocol/index.ts'
import { entryLifetimeMs } from '../constants.ts'
import { opening, type SessionEnvironment } from '../environment.ts'
import { voteBytes } from './authorityChanges.ts'

const voteSchema = v.strictObject({
  sessionId,
  epoch: count,
  /** Number that the `elected` entry will have. */
  number: count,
  /** Digest of the entry before it. */
  previous: bytesOf(32),
  candidate: publicKey,
})

/** What a vote says. */
export type Vote = v.InferOutput<typeof voteSchema>

/** Signs a vote as this peer. */
export function signVote(environment: SessionEnvironment, vote: Vote): Promise<Uint8Array> {
  const { identity, clock, random } = environment
  return signEnvelope(
    identity,
    { purpose: 'vote', body: encodeMessage(voteSchema, vote, voteBytes), lifetimeMs: entryLifetimeMs },
    { clock, random },
  )
}

/**
 * Opens a vote; who may vote, and for what, is the caller's matter.
 * @throws ConvoyError as `openEnvelope` does, `message-malformed`.
 */
export async function openVote(
  environment: SessionEnvironment,
  bytes: Uint8Array,
): Promise<{ voter: Uint8Array; vote: Vote }> {
  const { signKey, body } = await openEnvelope(bytes, {
    ...opening(environment),
    purpose: 'vote',
    maxBytes: voteBytes,
  })
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
