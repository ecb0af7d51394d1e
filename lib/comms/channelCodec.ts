import * as v from 'valibot'
import { ConvoyError, fromUtf8, isConvoyError, utf8 } from '../core/index.ts'
import { bytesUpTo, decodeMessage, encodeMessage, limits, token } from '../protocol/index.ts'
import { channelName } from '../session/index.ts'
import { channelPayloadKind, mostReliableBytes } from './constants.ts'

const anything = v.unknown()
const memberId = token(64)
const messageBytes = bytesUpTo(mostReliableBytes)

/** Member to host, where the host has authority. */
const requestSchema = v.strictObject({
  to: v.nullable(v.pipe(v.array(memberId), v.maxLength(limits.convoyMembers))),
  message: messageBytes,
})

/** Host to member, where the host has authority. */
const wordSchema = v.strictObject({ author: memberId, message: messageBytes })

/** Bytes of either: 64 ids and the message. */
const envelopeBytes = limits.controlMessageBytes - 128

/** See {@link requestSchema}. */
export type ChannelRequest = v.InferOutput<typeof requestSchema>
/** See {@link wordSchema}. */
export type ChannelWord = v.InferOutput<typeof wordSchema>

/** @throws ConvoyError `invalid-argument` for what MessagePack cannot hold, `message-too-large`. */
export function encodeBody(message: unknown, maxBytes: number): Uint8Array {
  try {
    return encodeMessage(anything, message, maxBytes)
  } catch (cause) {
    if (isConvoyError(cause)) throw cause
    throw new ConvoyError(
      'invalid-argument',
      'The message holds something that cannot be sent: plain data only.',
      {
        cause,
      },
    )
  }
}

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export const decodeBody = (body: Uint8Array, maxBytes: number): unknown =>
  decodeMessage(anything, body, maxBytes)

export const encodeRequest = (request: ChannelRequest): Uint8Array =>
  encodeMessage(requestSchema, request, envelopeBytes)

export const decodeRequest = (body: Uint8Array): ChannelRequest =>
  decodeMessage(requestSchema, body, envelopeBytes)

export const encodeWord = (word: ChannelWord): Uint8Array => encodeMessage(wordSchema, word, envelopeBytes)

export const decodeWord = (body: Uint8Array): ChannelWord => decodeMessage(wordSchema, body, envelopeBytes)

/** The state payload with a message ([CHN-12]). */
export function encodeDatagram(name: string, body: Uint8Array): Uint8Array {
  const nameBytes = utf8(name)
  const payload = new Uint8Array(2 + nameBytes.length + body.length)
  payload[0] = channelPayloadKind
  payload[1] = nameBytes.length
  payload.set(nameBytes, 2)
  payload.set(body, 2 + nameBytes.length)
  return payload
}

/** @throws ConvoyError `message-malformed`. */
export function decodeDatagram(payload: Uint8Array): { name: string; body: Uint8Array } {
  const end = 2 + (payload[1] ?? 0)
  const name = end <= payload.length ? fromUtf8(payload.subarray(2, end)) : ''
  if (!v.is(channelName, name)) throw new ConvoyError('message-malformed', 'The payload names no channel.')
  return { name, body: payload.slice(end) }
}
