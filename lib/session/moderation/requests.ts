import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../../core/index.ts'
import { domainHash, openEnvelope, signEnvelope } from '../../identity/index.ts'
import { bytesOf, decodeMessage, encodeMessage, sessionId } from '../../protocol/index.ts'
import { opening, type SessionEnvironment } from '../environment.ts'
import type { Change } from '../recordEntries.ts'
import { requestBytes, requestLifetimeMs } from './constants.ts'
import { askableChangeSchema, type AskableChange, type Asked } from './moderationChanges.ts'

const requestSchema = v.strictObject({ sessionId, id: bytesOf(16), change: askableChangeSchema })

/** Which session, and which host, a request is for. */
interface Addressee {
  readonly sessionId: Uint8Array
  /** Sign key of the host: another one may not carry it out. */
  readonly host: Uint8Array
}

/** Signs what this peer asks the host to decide ([MOD-4]). */
export function signRequest(
  environment: SessionEnvironment,
  { sessionId, host }: Addressee,
  id: Uint8Array,
  change: AskableChange,
): Promise<Uint8Array> {
  const { identity, clock, random } = environment
  const body = encodeMessage(requestSchema, { sessionId, id, change }, requestBytes)
  return signEnvelope(
    identity,
    { purpose: 'request', body, audience: host, lifetimeMs: requestLifetimeMs },
    { clock, random },
  )
}

/**
 * Opens a request of the member with the key `by`.
 * @param at - when it is, or was, to be carried out, ms since the Unix epoch.
 * @throws ConvoyError as `openEnvelope` does; `message-malformed`, `message-misaddressed`.
 */
export async function openRequest(
  environment: SessionEnvironment,
  request: Uint8Array,
  { sessionId, host }: Addressee,
  by: Uint8Array,
  at: number,
): Promise<{ id: Uint8Array; change: AskableChange }> {
  const { body } = await openEnvelope(request, {
    ...opening(environment),
    clock: { wallTime: () => at },
    purpose: 'request',
    audience: host,
    requireAudience: true,
    signer: by,
    maxBytes: requestBytes,
  })
  const fields = decodeMessage(requestSchema, body, requestBytes)
  if (!equalBytes(fields.sessionId, sessionId))
    throw new ConvoyError('message-misaddressed', 'The request is for another session.')
  return fields
}

/** The part of a recorded change that its request has as well. */
export function askedPart(
  change: Extract<Change, { type: AskableChange['type'] }>,
): AskableChange | undefined {
  const { asked: _, ...rest } = change
  return v.is(askableChangeSchema, rest) ? rest : undefined
}

/**
 * Checks that whoever an entry says has asked for it did, for just that, shortly before it was decided ([MOD-5]).
 * @throws ConvoyError as {@link openRequest} does, `message-malformed` where it asks for something else.
 */
export async function checkAsked(
  environment: SessionEnvironment,
  addressee: Addressee,
  change: Change,
  at: number,
): Promise<void> {
  const asked = askedOf(change)
  if (asked === undefined) return
  const { id, change: wanted } = await openRequest(environment, asked.request, addressee, asked.by, at)
  const part = askedPart(change as Extract<Change, { type: AskableChange['type'] }>)
  if (part === undefined || !equalBytes(id, asked.id) || !isSame(part, wanted))
    throw new ConvoyError('message-malformed', 'The entry is not what its request asks for.')
}

/** Who asked for a change, where the record says that somebody did. */
export function askedOf(change: Change): Asked | undefined {
  return 'asked' in change ? change.asked : undefined
}

/** The digest by which the record knows the secret of an invite. */
export function inviteHashOf(secret: Uint8Array): Uint8Array {
  return domainHash('openconvoy invite secret 1', 32, secret)
}

function isSame(a: AskableChange, b: AskableChange): boolean {
  const bytesOfChange = (change: AskableChange): Uint8Array =>
    encodeMessage(askableChangeSchema, change, requestBytes)
  return equalBytes(bytesOfChange(a), bytesOfChange(b))
}
