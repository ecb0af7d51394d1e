import * as v from 'valibot'
import { bytesUpTo, byType, encodeMessage } from '../protocol/index.ts'
import { evidenceChannel, type Session } from '../session/index.ts'
import { evidenceDigestBytes } from './evidenceDigest.ts'

/** Everything that is said on channel `evidence`. */
export const evidenceMessageSchema = byType([
  /** Sign for me, or no longer, what you send me. */
  v.strictObject({ type: v.literal('ask'), on: v.boolean() }),
  v.strictObject({ type: v.literal('digest'), envelope: bytesUpTo(evidenceDigestBytes) }),
])

/** See {@link evidenceMessageSchema}. */
export type EvidenceMessage = v.InferOutput<typeof evidenceMessageSchema>

/** Bytes of one message. */
export const evidenceMessageBytes = evidenceDigestBytes + 64

/** Says `message` to a member; nothing where there is no link to it, or it takes no more. */
export function sendEvidence(session: Session, memberId: string, message: EvidenceMessage): void {
  const peer = session.peer(memberId)
  if (peer?.admitted !== true) return
  const body = encodeMessage(evidenceMessageSchema, message, evidenceMessageBytes)
  peer.control?.send({ type: 'channel', channel: evidenceChannel, body })
}
