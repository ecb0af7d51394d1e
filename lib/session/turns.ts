import * as v from 'valibot'
import { deflate, inflate } from '../core/index.ts'
import { bytesUpTo, decodeMessage, encodeMessage, limits } from '../protocol/index.ts'
import {
  decodeKnockMessage,
  knockMessageSchema,
  type ForeignKnock,
  type KnockMessage,
} from './knockMessages.ts'

/** A knock, its proof and an offer, with room to spare. */
const messagesPerTurn = 8

const turnSchema = v.pipe(
  v.array(bytesUpTo(limits.rendezvousMessageBytes)),
  v.minLength(1),
  v.maxLength(messagesPerTurn),
)

/** Whether nothing follows `message` before the other side has spoken, on a route that people carry ([ADM-18]). */
export function endsTurn(message: KnockMessage): boolean {
  return message.type === 'refused' || (message.type === 'signal' && message.signal.type !== 'candidate')
}

/** What one side says in a turn, as the body of one envelope: short enough for people to carry. */
export function encodeTurn(messages: readonly KnockMessage[]): Promise<Uint8Array> {
  const bytes = messages.map((message) =>
    encodeMessage(knockMessageSchema, message, limits.rendezvousMessageBytes),
  )
  return deflate(encodeMessage(turnSchema, bytes, limits.rendezvousMessageBytes))
}

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export async function decodeTurn(body: Uint8Array): Promise<(KnockMessage | ForeignKnock)[]> {
  const bytes = await inflate(body, limits.rendezvousMessageBytes)
  return decodeMessage(turnSchema, bytes, limits.rendezvousMessageBytes).map(decodeKnockMessage)
}
