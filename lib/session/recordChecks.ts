import { ConvoyError, equalBytes } from '../core/index.ts'
import { deriveSessionId, foundingAuthority, type AuthorityAt } from '../identity/index.ts'
import type { AuthorityLine } from './authority/authorityLine.ts'
import { checkElected } from './authority/election.ts'
import { differByOne, noVoters } from './authority/voters.ts'
import type { SessionEnvironment } from './environment.ts'
import type { HeldEntry } from './heldEntry.ts'
import type { SessionRecord } from './record.ts'

/**
 * Checks that a record of the session may begin with `entry` ([REC-3]).
 * @returns who decides and who votes from there on.
 * @throws ConvoyError `message-malformed`, `message-unauthentic`.
 */
export function checkFounding(
  { change, epoch, number, signKey }: HeldEntry,
  sessionId: Uint8Array,
): AuthorityAt {
  if (change.type !== 'founded' || number !== 0)
    throw new ConvoyError('message-malformed', 'A record begins with its founding.')
  const derived = deriveSessionId(change.signKey, change.founderNonce)
  if (!equalBytes(derived, sessionId) || !equalBytes(change.signKey, signKey))
    throw new ConvoyError('message-unauthentic', 'The session was not founded by the key that says so.')
  if (epoch !== 0) throw new ConvoyError('message-malformed', 'A session is founded in epoch 0.')
  return foundingAuthority(signKey)
}

/**
 * Checks that who signed an entry was host of its epoch, by those before it ([REC-2], [AUT-2], [AUT-8]).
 * @throws ConvoyError `message-replayed` for an epoch that is over, `message-malformed`, `message-unauthentic`, `record-unlawful`, and
 * what opening a vote throws.
 */
export async function checkAuthor(
  environment: SessionEnvironment,
  sessionId: Uint8Array,
  line: AuthorityLine,
  { change, epoch, number, previous, signKey }: HeldEntry,
): Promise<void> {
  const before = line.epochAt(number) ?? 0
  const voters = line.votersAt(number) ?? noVoters
  if (change.type === 'elected') {
    if (epoch <= before)
      throw new ConvoyError('message-replayed', `Epoch ${epoch} is over: the record is at ${before}.`)
    if (!equalBytes(change.signKey, signKey))
      throw new ConvoyError('message-unauthentic', 'The entry of an elected host was signed by another.')
    const vote = { sessionId, epoch, number, previous, candidate: signKey }
    return checkElected(environment, vote, change, voters)
  }
  if (epoch !== before)
    throw new ConvoyError('message-malformed', 'An epoch begins with the election of its host.')
  const host = line.hostOf(epoch)
  if (host === undefined || !equalBytes(host.signKey, signKey))
    throw new ConvoyError('message-unauthentic', 'The entry was not signed by the host of its epoch.')
  const isLenient = environment.faults?.has('two-voters') === true
  if (change.type === 'voters' && !isLenient && !differByOne(voters.voters, change.voters))
    throw new ConvoyError('record-unlawful', 'Voters change one at a time.', { details: { epoch, number } })
}

/**
 * Checks that an entry is the next of a record, or may take the place of one that is held ([REC-2], [AUT-4]).
 * @throws ConvoyError `message-replayed` for one that was decided otherwise, or is before the snapshot that is held;
 * `record-gap` where entries before it are missing; `record-forked`, `message-malformed`.
 */
export function checkPlace(record: SessionRecord, { number, epoch, signKey, previous }: HeldEntry): void {
  if (number < record.first)
    throw new ConvoyError('message-replayed', `Entry ${number} is before the snapshot that is held.`)
  const held = record.entry(number)
  if (held === undefined) {
    if (number > record.length) throw new ConvoyError('record-gap', `Entries before ${number} are missing.`)
  } else if (epoch === held.epoch && equalBytes(signKey, held.signKey)) {
    throw new ConvoyError('record-forked', `The host signed entry ${number} twice.`, {
      details: { epoch, number },
    })
  } else if (epoch <= held.epoch || number < record.committed) {
    throw new ConvoyError('message-replayed', `Entry ${number} was decided otherwise.`)
  }
  if (!equalBytes(previous, record.digestAt(number) ?? new Uint8Array(32)))
    throw new ConvoyError(
      number === 0 ? 'message-malformed' : 'record-gap',
      `Entry ${number} does not continue this record.`,
    )
}
