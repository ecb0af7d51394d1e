import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../core/index.ts'
import { bytesOf, bytesUpTo, count, decodeMessage, sessionId } from '../protocol/index.ts'
import { followAuthority, foundingAuthority, type AuthorityAt, type AuthorityEntry } from './authorityAt.ts'
import { electedSchema, votersSchema } from './authorityChanges.ts'
import { followCertificate, isCertificate } from './certificate.ts'
import { successionBytes, successionEntries } from './constants.ts'
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

/** A succession proof as it travels: entries of the record, as they were signed, and certificates. */
export const successionSchema = v.pipe(
  v.array(bytesUpTo(successionBytes)),
  v.maxLength(successionEntries),
  v.check(
    (entries) => totalBytes(entries) <= successionBytes,
    `Expected at most ${successionBytes} bytes altogether`,
  ),
)

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
 * @throws ConvoyError `message-too-large`: see {@link checkProofSize}.
 */
export function succession(entries: Iterable<ProvableEntry>): Uint8Array[] {
  const proof = lineageOf(entries).proof.map(({ bytes }) => bytes)
  checkProofSize(proof)
  return proof
}

/**
 * Makes sure that an announcement can hold a proof.
 * @throws ConvoyError `message-too-large` where it can't: who knows only the invite can't be shown who is host.
 */
export function checkProofSize(proof: readonly Uint8Array[]): void {
  if (isProofShort(proof)) return
  throw new ConvoyError(
    'message-too-large',
    'Too few of those who voted before are still here to show newcomers who is host: those inside drive on. Once more of them are back, or in a new session, others can join.',
  )
}

/** What of some entries shows who decides and who votes after them. */
export interface Lineage<Entry> {
  /** What proves who is host: a succession proof. */
  readonly proof: readonly Entry[]
  /** What that host named those who vote by, where it did. */
  readonly voters: Entry | undefined
}

/**
 * Leaves out what does not matter to who decides and who votes in the end. What is left comes to the same when more
 * entries follow it.
 */
export function lineageOf<Entry extends Pick<ProvableEntry, 'change'>>(
  entries: Iterable<Entry>,
): Lineage<Entry> {
  const proof: Entry[] = []
  let voters: Entry | undefined
  for (const entry of entries) {
    if (entry.change.type === 'voters') voters = entry
    if (entry.change.type !== 'elected') continue
    // Who was host between two elections by the same voters matters to neither of them.
    if (voters === undefined) proof.pop()
    else proof.push(voters)
    proof.push(entry)
    voters = undefined
  }
  return { proof, voters }
}

/** Whether an announcement can hold a proof. */
export function isProofShort(proof: readonly Uint8Array[]): boolean {
  return proof.length <= successionEntries && totalBytes(proof) <= successionBytes
}

/**
 * Follows a succession proof from the founder to the present host. It proves so to whom knows no more than the session id
 * ([SUC-1] to [SUC-11]).
 * @param proof - as {@link succession} gives it, or a shorter one with certificates; an empty one proves the founder.
 * @returns who decides and who votes in the end.
 * @throws ConvoyError `message-too-large`, `message-malformed`, `message-misaddressed`, `message-expired` or `message-unauthentic`.
 */
export async function verifySuccession(
  founding: Founding,
  proof: readonly Uint8Array[],
  opening: Opening,
): Promise<AuthorityAt> {
  const after = await followSuccession(founding, proof, opening)
  return after.at(-1) ?? foundingAuthority(founding.founderKey)
}

/**
 * Follows a succession proof: see {@link verifySuccession}.
 * @returns who decides and who votes after each item of the proof.
 */
export async function followSuccession(
  founding: Founding,
  proof: readonly Uint8Array[],
  opening: Opening,
): Promise<AuthorityAt[]> {
  if (!isProofShort(proof))
    throw new ConvoyError('message-too-large', 'The proof of who is host is too long.')
  if (!isFoundedBy(founding))
    throw new ConvoyError('message-unauthentic', 'The session id does not belong to the founder.')
  const { sessionId } = founding
  const after: AuthorityAt[] = []
  let at = foundingAuthority(founding.founderKey)
  for (const item of proof) {
    at = isCertificate(item)
      ? await followCertificate(at, sessionId, item, opening)
      : await followAuthority(at, await openAuthorityEntry(sessionId, item, opening), opening)
    after.push(at)
  }
  return after
}

async function openAuthorityEntry(
  session: Uint8Array,
  bytes: Uint8Array,
  { clock, verify }: Opening,
): Promise<AuthorityEntry> {
  const opened = await openEnvelope(bytes, { clock, verify, purpose: 'entry', maxBytes: successionBytes })
  const entry = decodeMessage(authorityEntrySchema, opened.body, successionBytes)
  if (!equalBytes(entry.sessionId, session))
    throw new ConvoyError('message-misaddressed', 'The proof belongs to another session.')
  return { ...entry, signKey: opened.signKey, digest: entryDigest(bytes) }
}

/** Bytes of all of `items`. */
export function totalBytes(items: readonly Uint8Array[]): number {
  return items.reduce((sum, { length }) => sum + length, 0)
}
