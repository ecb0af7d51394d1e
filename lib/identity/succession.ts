import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../core/index.ts'
import { bytesOf, bytesUpTo, count, decodeMessage, sessionId } from '../protocol/index.ts'
import { electedSchema, votersSchema, type Elected, type Voters } from './authorityChanges.ts'
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
  const proof = lineageOf(entries).proof.map(({ bytes }) => bytes)
  if (proof.length > successionEntries || totalBytes(proof) > successionBytes) {
    throw new ConvoyError(
      'message-too-large',
      'The host changed too often to be proved to newcomers: those inside drive on; found a new session to let others in.',
    )
  }
  return proof
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
  let authority = foundingAuthority(founding.founderKey)
  for (const bytes of proof) {
    const opened = await openEnvelope(bytes, { clock, verify, purpose: 'entry', maxBytes: successionBytes })
    const entry = decodeMessage(authorityEntrySchema, opened.body, successionBytes)
    if (!equalBytes(entry.sessionId, founding.sessionId))
      throw new ConvoyError('message-misaddressed', 'The proof belongs to another session.')
    const { signKey } = opened
    authority = await followAuthority(
      authority,
      { ...entry, signKey, digest: entryDigest(bytes) },
      { clock, verify },
    )
  }
  return authority.host
}

/** Who decides and who votes, at a place in a record. */
export interface AuthorityAt {
  readonly host: ProvenHost
  readonly electorate: Electorate
  /** The entry that said so last, or any after it; of the founding, whose digest nobody needs, the number only. */
  readonly last: { readonly number: number; readonly digest?: Uint8Array | undefined }
}

/** An entry that says who decides or who votes, of which signature and session were checked. */
export interface AuthorityEntry {
  readonly sessionId: Uint8Array
  readonly epoch: number
  readonly number: number
  readonly previous: Uint8Array
  readonly signKey: Uint8Array
  readonly digest: Uint8Array
  readonly change: Elected | Voters
}

/** Right after the founding: the founder decides, and is the only one who votes. */
export function foundingAuthority(founderKey: Uint8Array): AuthorityAt {
  const host = { signKey: founderKey, epoch: 0 }
  return { host, electorate: { voters: [host], witness: null }, last: { number: 0 } }
}

/**
 * Takes one entry of a succession proof: whoever signed it had to have the right to by those before ([SUC-7]).
 * @throws ConvoyError `message-malformed` or `message-unauthentic`, and what opening a vote throws.
 */
export async function followAuthority(
  { host, electorate, last }: AuthorityAt,
  entry: AuthorityEntry,
  opening: Opening,
): Promise<AuthorityAt> {
  const { number, digest, signKey, epoch, change } = entry
  if (number <= last.number)
    throw new ConvoyError('message-malformed', 'The entries of the proof are not in order.')
  if (last.digest !== undefined && number === last.number + 1 && !equalBytes(entry.previous, last.digest))
    throw new ConvoyError('message-malformed', 'The entries of the proof do not fit each other.')
  const next = { number, digest }
  if (change.type === 'voters') {
    if (epoch !== host.epoch || !equalBytes(signKey, host.signKey))
      throw new ConvoyError('message-unauthentic', 'Voters were named by somebody who was not host then.')
    const named = { voters: change.voters, witness: change.witness?.key ?? null }
    return { host, electorate: named, last: next }
  }
  if (epoch <= host.epoch)
    throw new ConvoyError('message-malformed', 'An epoch of the proof does not follow the one before.')
  if (!equalBytes(signKey, change.signKey))
    throw new ConvoyError('message-unauthentic', 'An epoch was begun by somebody else than its host.')
  const { sessionId, previous } = entry
  const vote = { sessionId, epoch, number, previous, candidate: signKey }
  await checkElection(opening, vote, change, electorate)
  return { host: { signKey, epoch }, electorate, last: next }
}

function totalBytes(entries: readonly Uint8Array[]): number {
  return entries.reduce((sum, { length }) => sum + length, 0)
}
