import * as v from 'valibot'
import { bytesUpTo, byType, encodeMessage, publicKey } from '../../protocol/index.ts'
import { forwardChannel, type Session } from '../../session/index.ts'
import { digestBytes } from './constants.ts'

/** Why a member does not forward another: see [FWD-3]. */
export const forwardRefusals = ['unlinked', 'full', 'disputed'] as const

/** Everything that is said on channel `forward`. */
export const forwardMessageSchema = byType([
  /** Forward, or no longer, the vehicle of the member with this sign key to me. */
  v.strictObject({ type: v.literal('forward'), origin: publicKey, on: v.boolean() }),
  /** I don't forward it, or no longer. */
  v.strictObject({ type: v.literal('refused'), origin: publicKey, reason: v.picklist(forwardRefusals) }),
  /** Send me, or no longer, your digests. */
  v.strictObject({ type: v.literal('digests'), on: v.boolean() }),
  /** A digest, signed by the member that it is about. */
  v.strictObject({ type: v.literal('digest'), envelope: bytesUpTo(digestBytes) }),
])

/** See {@link forwardMessageSchema}. */
export type ForwardMessage = v.InferOutput<typeof forwardMessageSchema>

/** Why a member does not forward another. */
export type ForwardRefusal = (typeof forwardRefusals)[number]

/** Bytes of one message. */
export const forwardMessageBytes = digestBytes + 128

/** Says `message` to a member; nothing where there is no link to it, or it takes no more. */
export function sendForward(session: Session, memberId: string, message: ForwardMessage): void {
  const peer = session.peer(memberId)
  if (peer?.admitted !== true) return
  const body = encodeMessage(forwardMessageSchema, message, forwardMessageBytes)
  peer.control?.send({ type: 'channel', channel: forwardChannel, body })
}
