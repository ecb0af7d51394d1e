import * as v from 'valibot'
import { ConvoyError, deflate, inflate, isConvoyError } from '../../core/index.ts'
import {
  announcementBytes,
  passwordParamsSchema,
  successionBytes,
  successionEntries,
} from '../../identity/index.ts'
import {
  bytesOf,
  bytesUpTo,
  decodeMessage,
  encodeMessage,
  limits,
  nonce,
  token,
} from '../../protocol/index.ts'
import {
  codeBytes,
  codesPerRoute,
  inviteLength,
  messagesPerCode,
  routeNameBytes,
  sessionTagBytes,
} from './constants.ts'

/** What a call says: how to join, and all that a joiner needs of the host to speak to it at once. */
const callSchema = v.strictObject({
  invite: token(inviteLength),
  envelope: bytesUpTo(announcementBytes),
  proof: v.pipe(v.array(bytesUpTo(successionBytes)), v.maxLength(successionEntries)),
  nonce,
  password: v.nullable(passwordParamsSchema),
})

/** Messages of a route: its name, which code of its side this is, whose session the first one is for, the messages. */
const turnSchema = v.strictTuple([
  bytesOf(routeNameBytes),
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(codesPerRoute)),
  v.nullable(bytesOf(sessionTagBytes)),
  v.pipe(v.array(bytesUpTo(limits.rendezvousMessageBytes)), v.maxLength(messagesPerCode)),
])

/** See {@link callSchema}. */
export type CallBody = v.InferOutput<typeof callSchema>

/** See {@link turnSchema}. */
export interface TurnBody {
  readonly route: Uint8Array
  readonly number: number
  readonly session: Uint8Array | null
  readonly messages: readonly Uint8Array[]
}

/** @throws ConvoyError `message-too-large`, `unsupported`. */
export function encodeCall(call: CallBody): Promise<Uint8Array> {
  return deflate(encodeMessage(callSchema, call, codeBytes))
}

/** @throws ConvoyError `code-malformed`, `unsupported`. */
export async function decodeCall(body: Uint8Array): Promise<CallBody> {
  try {
    return decodeMessage(callSchema, await inflate(body, codeBytes), codeBytes)
  } catch (cause) {
    throw senseless(cause)
  }
}

/** The messages are sealed, which nothing compresses; what is inside was compressed before. */
export function encodeTurn({ route, number, session, messages }: TurnBody): Uint8Array {
  return encodeMessage(turnSchema, [route, number, session, [...messages]], codeBytes)
}

/** @throws ConvoyError `code-malformed`. */
export function decodeTurn(body: Uint8Array): TurnBody {
  try {
    const [route, number, session, messages] = decodeMessage(turnSchema, body, codeBytes)
    return { route, number, session, messages }
  } catch (cause) {
    throw senseless(cause)
  }
}

function senseless(cause: unknown): unknown {
  if (!isConvoyError(cause) || cause.code === 'unsupported') return cause
  return new ConvoyError(
    'code-malformed',
    'The code is whole, but makes no sense: a faulty program made it.',
    {
      cause,
    },
  )
}
