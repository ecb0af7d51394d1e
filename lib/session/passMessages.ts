import * as v from 'valibot'
import { bytesUpTo, incarnation, limits, publicKey, sessionId, token } from '../protocol/index.ts'

/** Bytes of a channel message that may be passed on: leaves room for seal, envelope and the fields around them. */
export const passedBodyBytes = limits.controlMessageBytes - 1_024

/** Bytes of one message on channel `pass`. */
export const passMessageBytes = limits.controlMessageBytes - 64

const sealed = bytesUpTo(passMessageBytes - 128)

/** Everything that is said on channel `pass`. */
export const passMessageSchema = v.variant('type', [
  /** Bring this to the member with this sign key. */
  v.strictObject({ type: v.literal('pass'), to: publicKey, sealed }),
  /** This comes from the member with this sign key. */
  v.strictObject({ type: v.literal('passed'), from: publicKey, sealed }),
  /** I have no link to the member with this sign key. */
  v.strictObject({ type: v.literal('unpassed'), to: publicKey }),
])

/** See {@link passMessageSchema}. */
export type PassMessage = v.InferOutput<typeof passMessageSchema>

/** What is inside: a channel message, from one process to another. */
export const passedContentSchema = v.strictObject({
  sessionId,
  from: incarnation,
  to: incarnation,
  channel: token(32),
  body: bytesUpTo(passedBodyBytes),
})

/** See {@link passedContentSchema}. */
export type PassedContent = v.InferOutput<typeof passedContentSchema>
