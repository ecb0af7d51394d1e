import * as v from 'valibot'
import { bytesOf, bytesUpTo, displayText, limits } from '../../protocol/index.ts'
import { requestBytes } from './constants.ts'

/** What a request may come to besides being carried out; each is a code of `ConvoyError`. */
export const requestErrorCodes = [
  'not-permitted',
  'invalid-argument',
  'rate-limited',
  'no-majority',
  'authority-moved',
  'message-malformed',
  'message-unauthentic',
  'message-expired',
  'message-misaddressed',
  'message-too-large',
  'timeout',
  'closed',
] as const

/** See {@link requestErrorCodes}. */
export type RequestErrorCode = (typeof requestErrorCodes)[number]

const id = bytesOf(16)

/** What members and the host say to each other about what members ask for. */
export const requestMessageSchemas = [
  /** Member to host: decide this, as I am entitled to. */
  v.strictObject({ type: v.literal('request'), id, request: bytesUpTo(requestBytes) }),
  /** Host to member: this is what came of it; `error` is nil where it is committed. */
  v.strictObject({
    type: v.literal('requested'),
    id,
    error: v.nullable(
      v.strictObject({
        code: v.picklist(requestErrorCodes),
        message: displayText(2 * limits.reasonLength),
      }),
    ),
  }),
] as const

/** See {@link requestMessageSchemas}. */
export type RequestMessage = v.InferOutput<(typeof requestMessageSchemas)[number]>
