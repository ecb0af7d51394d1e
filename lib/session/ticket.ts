import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../core/index.ts'
import { openEnvelope, signEnvelope } from '../identity/index.ts'
import { count, decodeMessage, encodeMessage, incarnation, publicKey, sessionId } from '../protocol/index.ts'
import { ticketLifetimeMs } from './constants.ts'
import { opening, type SessionEnvironment } from './environment.ts'
import type { SessionRecord } from './record.ts'
import type { RecordMember } from './recordState.ts'

/** Bytes of a ticket, with room to spare: its fields take about 300. */
const ticketBytes = 1_024

const ticketSchema = v.strictObject({
  sessionId,
  epoch: count,
  signKey: publicKey,
  incarnation,
  slot: count,
  roles: v.pipe(v.array(v.picklist(['member'])), v.maxLength(4)),
})

/** Certifies, as the host, that `member` is one ([TKT-1]). */
export function issueTicket(
  environment: SessionEnvironment,
  { sessionId: session, epoch }: Pick<SessionRecord, 'sessionId' | 'epoch'>,
  member: RecordMember,
): Promise<Uint8Array> {
  const { identity, clock, random } = environment
  const { signKey, incarnation: process, slot } = member
  const fields = {
    sessionId: session,
    epoch,
    signKey,
    incarnation: process,
    slot,
    roles: ['member' as const],
  }
  return signEnvelope(
    identity,
    {
      purpose: 'ticket',
      body: encodeMessage(ticketSchema, fields, ticketBytes),
      lifetimeMs: ticketLifetimeMs,
    },
    { clock, random },
  )
}

/**
 * Checks that a peer's ticket was signed by the host of its epoch, for this session, for the key that the link is bound
 * to, and for the member's present incarnation ([TKT-2]).
 * @throws ConvoyError `message-malformed`, `message-unauthentic`, `message-expired` or `message-misaddressed`.
 */
export async function checkTicket(
  environment: SessionEnvironment,
  record: SessionRecord,
  holder: Uint8Array,
  ticket: Uint8Array,
): Promise<void> {
  const member = record.state.member(holder)
  const lenient = environment.faults?.has('foreign-tickets') === true
  if (member === undefined && !lenient)
    throw new ConvoyError('message-unauthentic', 'The holder of the ticket is not in the roster.')
  const opened = await openEnvelope(ticket, {
    ...opening(environment),
    purpose: 'ticket',
    maxBytes: ticketBytes,
  })
  const fields = decodeMessage(ticketSchema, opened.body, ticketBytes)
  const host = record.hostOf(fields.epoch)
  if (host === undefined || !equalBytes(host, opened.signKey))
    throw new ConvoyError('message-unauthentic', 'The ticket was not signed by the host of its epoch.')
  const fits =
    equalBytes(fields.sessionId, record.sessionId) &&
    equalBytes(fields.signKey, holder) &&
    (lenient || (member !== undefined && equalBytes(fields.incarnation, member.incarnation)))
  if (!fits)
    throw new ConvoyError('message-misaddressed', 'The ticket is for another session, key or incarnation.')
}
