import { ConvoyError, equalBytes } from '../core/index.ts'
import type { Elected, Voters } from './authorityChanges.ts'
import { checkElection, type Electorate } from './election.ts'
import type { Opening } from './vote.ts'

/** Who is host, as a succession proof shows. */
export interface ProvenHost {
  readonly signKey: Uint8Array
  readonly epoch: number
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
  at: AuthorityAt,
  entry: AuthorityEntry,
  opening: Opening,
): Promise<AuthorityAt> {
  const { host, electorate, last } = at
  const { number, signKey, epoch, change } = entry
  if (number <= last.number)
    throw new ConvoyError('message-malformed', 'The entries of the proof are not in order.')
  if (last.digest !== undefined && number === last.number + 1 && !equalBytes(entry.previous, last.digest))
    throw new ConvoyError('message-malformed', 'The entries of the proof do not fit each other.')
  if (change.type === 'voters') {
    if (epoch !== host.epoch || !equalBytes(signKey, host.signKey))
      throw new ConvoyError('message-unauthentic', 'Voters were named by somebody who was not host then.')
    return authorityAfter(at, entry)
  }
  if (epoch <= host.epoch)
    throw new ConvoyError('message-malformed', 'An epoch of the proof does not follow the one before.')
  if (!equalBytes(signKey, change.signKey))
    throw new ConvoyError('message-unauthentic', 'An epoch was begun by somebody else than its host.')
  const { sessionId, previous } = entry
  const vote = { sessionId, epoch, number, previous, candidate: signKey }
  await checkElection(opening, vote, change, electorate)
  return authorityAfter(at, entry)
}

/** Who decides and who votes after an entry that was checked before. */
export function authorityAfter(
  { host, electorate }: AuthorityAt,
  { number, digest, signKey, epoch, change }: Omit<AuthorityEntry, 'sessionId' | 'previous'>,
): AuthorityAt {
  const last = { number, digest }
  if (change.type === 'elected') return { host: { signKey, epoch }, electorate, last }
  return { host, electorate: { voters: change.voters, witness: change.witness?.key ?? null }, last }
}
