import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../core/index.ts'
import { bytesOf, bytesUpTo, count, decodeMessage, sessionId } from '../protocol/index.ts'
import { electedSchema, votersSchema } from './authorityChanges.ts'
import { successionBytes, successionEntries } from './constants.ts'
import { checkElection, type Electorate } from './election.ts'
import { openEnvelope } from './envelope.ts'
import { domainHash } from './hash.ts'
import { isFoundedBy, type Founding } from './sessionId.ts'
import type { Opening } from './vote.ts'

/** An entry of the record that says who decides, or who votes on that. */
const authorityEntrySchema = v.strictObject({
  sessionId,
  epoch: count,
  number: count,
  previous: bytesOf(32),
  change: v.variant('type', [electedSchema, votersSchema]),
})

/** A succession proof as it travels: entries of the record, as they were signed. */
export const successionSchema = v.pipe(
  v.array(bytesUpTo(successionBytes)),
  v.maxLength(successionEntries),
  v.check(
    (entries) => totalBytes(entries) <= successionBytes,
    `Expected at most ${successionBytes} bytes altogether`,
  ),
)

/** Who is host, as a succession proof shows. */
export interface ProvenHost {
  readonly signKey: Uint8Array
  readonly epoch: number
}

/** An entry as a record holds it, as far as a proof needs it. */
export interface ProvableEntry {
  readonly change: { readonly type: string }
  readonly bytes: Uint8Array
}

/** What an entry of a record is named by in the one after it ([REC-1]). */
export function entryDigest(entry: Uint8Array): Uint8Array {
  return domainHash('openconvoy entry 1', 32, entry)
}

/**
 * The entries of a record that prove who its host is ([SUC-6]): the last `elected`, the last `voters` before it, the `elected`
 * of who signed that, and so on back to the founder. Empty while nobody was elected.
 * @param entries - all of the record, in order.
 * @throws ConvoyError `message-too-large` when no announcement can hold them: so many changes of host can't be proved to
 * who knows only the invite.
 */
export function succession(entries: Iterable<ProvableEntry>): Uint8Array[] {
  const proof: Uint8Array[] = []
  let voters: Uint8Array | undefined
  for (const { change, bytes } of entries) {
    if (change.type === 'voters') voters = bytes
    if (change.type !== 'elected') continue
    // Who was host between two elections by the same voters matters to neither of them.
    if (voters === undefined) proof.pop()
    else proof.push(voters)
    proof.push(bytes)
    voters = undefined
  }
  if (proof.length > successionEntries || totalBytes(proof) > successionBytes) {
    throw new ConvoyError(
      'message-too-large',
      'The host changed too often to be proved to newcomers: those inside drive on; found a new session to let others in.',
    )
  }
  return proof
}

/**
 * Follows a succession proof from the founder to the present host. It proves so to whom knows no more than the session id
 * ([SUC-1] to [SUC-8]).
 * @param proof - as {@link succession} gives it; an empty one proves the founder.
 * @throws ConvoyError `message-too-large`, `message-malformed`, `message-misaddressed`, `message-expired` or `message-unauthentic`.
 */
export async function verifySuccession(
  founding: Founding,
  proof: readonly Uint8Array[],
  { clock, verify }: Opening,
): Promise<ProvenHost> {
  if (proof.length > successionEntries || totalBytes(proof) > successionBytes)
    throw new ConvoyError('message-too-large', 'The proof of who is host is too long.')
  if (!isFoundedBy(founding))
    throw new ConvoyError('message-unauthentic', 'The session id does not belong to the founder.')
  let host: ProvenHost = { signKey: founding.founderKey, epoch: 0 }
  let electorate: Electorate = { voters: [host], witness: null }
  // The founding, which the proof leaves out, is entry 0.
  let last: { number: number; digest?: Uint8Array } = { number: 0 }
  for (const bytes of proof) {
    const opened = await openEnvelope(bytes, { clock, verify, purpose: 'entry', maxBytes: successionBytes })
    const entry = decodeMessage(authorityEntrySchema, opened.body, successionBytes)
    const { change, ...place } = entry
    if (!equalBytes(entry.sessionId, founding.sessionId))
      throw new ConvoyError('message-misaddressed', 'The proof belongs to another session.')
    if (entry.number <= last.number)
      throw new ConvoyError('message-malformed', 'The entries of the proof are not in order.')
    if (
      last.digest !== undefined &&
      entry.number === last.number + 1 &&
      !equalBytes(entry.previous, last.digest)
    )
      throw new ConvoyError('message-malformed', 'The entries of the proof do not fit each other.')
    if (change.type === 'voters') {
      if (entry.epoch !== host.epoch || !equalBytes(opened.signKey, host.signKey))
        throw new ConvoyError('message-unauthentic', 'Voters were named by somebody who was not host then.')
      electorate = { voters: change.voters, witness: change.witness?.key ?? null }
    } else {
      if (entry.epoch <= host.epoch)
        throw new ConvoyError('message-malformed', 'An epoch of the proof does not follow the one before.')
      if (!equalBytes(opened.signKey, change.signKey))
        throw new ConvoyError('message-unauthentic', 'An epoch was begun by somebody else than its host.')
      await checkElection({ clock, verify }, { ...place, candidate: change.signKey }, change, electorate)
      host = { signKey: change.signKey, epoch: entry.epoch }
    }
    last = { number: entry.number, digest: entryDigest(bytes) }
  }
  return host
}

function totalBytes(entries: readonly Uint8Array[]): number {
  return entries.reduce((sum, { length }) => sum + length, 0)
}
