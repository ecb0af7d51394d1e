import { ConvoyError, equalBytes } from '../core/index.ts'
import {
  entryDigest,
  envelopeOverheadOf,
  openEnvelope,
  peekEnvelope,
  signEnvelope,
} from '../identity/index.ts'
import { decodeMessage, encodeMessage } from '../protocol/index.ts'
import { entriesMessageBytes, entryLifetimeMs } from './constants.ts'
import { opening, type SessionEnvironment } from './environment.ts'
import { entrySchema, type Change, type Entry } from './recordEntries.ts'

/** An entry whose signature and session were checked. */
export interface HeldEntry {
  readonly number: number
  readonly epoch: number
  readonly change: Change
  /** When the host decided it, ms since the Unix epoch on the host's clock. */
  readonly at: number
  /** Who signed it. */
  readonly signKey: Uint8Array
  readonly bytes: Uint8Array
  /** What the next entry names as the one before it. */
  readonly digest: Uint8Array
  /** Digest of the one before it. */
  readonly previous: Uint8Array
}

/** What an entry decides, once that is in force; also where it came in no entry of its own, but with a snapshot. */
export type Decision = Pick<HeldEntry, 'change' | 'epoch' | 'at' | 'signKey'>

/**
 * Opens an entry of the session, whoever handed it over; its place in the record is the caller's matter.
 * @throws ConvoyError `message-too-large`, `message-malformed`, `message-unauthentic`, `message-misaddressed`,
 * `message-expired`.
 */
export async function openEntry(
  environment: SessionEnvironment,
  sessionId: Uint8Array,
  bytes: Uint8Array,
): Promise<HeldEntry> {
  const opened = await openEnvelope(bytes, {
    ...opening(environment),
    purpose: 'entry',
    maxBytes: entriesMessageBytes,
  })
  const entry = decodeMessage(entrySchema, opened.body, entriesMessageBytes)
  if (!equalBytes(entry.sessionId, sessionId))
    throw new ConvoyError('message-misaddressed', 'The entry belongs to another session.')
  const { number, epoch, change, previous } = entry
  const { signKey, issuedAt: at } = opened
  return { number, epoch, change, at, signKey, bytes, digest: entryDigest(bytes), previous }
}

/**
 * Signs an entry as this peer.
 * @returns it as everybody else reads it: what ends some time after it was decided ends at one time for all, and texts and
 * numbers are what they became on the wire.
 * @throws ConvoyError `invalid-argument` or `message-too-large` for a change that no entry can hold.
 */
export async function signEntry(environment: SessionEnvironment, entry: Entry): Promise<HeldEntry> {
  const { identity, clock, random } = environment
  const body = encodeMessage(entrySchema, entry, entriesMessageBytes - envelopeOverheadOf({}))
  const bytes = await signEnvelope(
    identity,
    { purpose: 'entry', body, lifetimeMs: entryLifetimeMs },
    { clock, random },
  )
  const at = peekEnvelope(bytes)?.issuedAt ?? clock.wallTime()
  const { change } = decodeMessage(entrySchema, body, entriesMessageBytes)
  const { number, epoch, previous } = entry
  return { number, epoch, change, at, signKey: identity.signKey, bytes, digest: entryDigest(bytes), previous }
}
