import { ConvoyError, equalBytes, toHex } from '../../core/index.ts'
import type { SessionEnvironment } from '../environment.ts'
import type { Change } from '../recordEntries.ts'
import { isSameVote, openVote, type Vote } from './vote.ts'
import { majorityOf, voterOf, type VoterSet } from './voters.ts'

/**
 * Checks that more than half of those who vote made `vote.candidate` the host ([AUT-8]).
 * @param set - who voted before the entry.
 * @throws ConvoyError `message-unauthentic`, or what opening a vote throws.
 */
export async function checkElected(
  environment: SessionEnvironment,
  vote: Vote,
  { votes, expelled }: Extract<Change, { type: 'elected' }>,
  set: VoterSet,
): Promise<void> {
  const counted = new Set<string>()
  let count = 0
  const cheats = new Set<string>()
  for (const { first, second } of expelled) {
    const cheat = await provenEquivocator(environment, vote.sessionId, first, second)
    if (cheat !== undefined) cheats.add(toHex(cheat))
  }
  for (const bytes of votes) {
    const { voter, vote: cast } = await openVote(environment, bytes)
    const mayVote =
      voterOf(set, voter) !== undefined || (set.witness !== null && equalBytes(set.witness, voter))
    if (!mayVote || cheats.has(toHex(voter)))
      throw new ConvoyError('message-unauthentic', 'A vote came from a peer that does not vote.')
    if (!isSameVote(cast, vote))
      throw new ConvoyError('message-unauthentic', 'A vote was given to something else.')
    const isNew = !counted.has(toHex(voter))
    counted.add(toHex(voter))
    if (isNew || environment.faults?.has('double-votes') === true) count++
  }
  const voters = set.voters.filter(({ signKey }) => !cheats.has(toHex(signKey)))
  if (count < majorityOf({ voters, witness: set.witness }))
    throw new ConvoyError('message-unauthentic', 'A host needs the votes of more than half of the voters.')
}

/** Who proved by two votes for one epoch that its word is worth nothing; undefined where they prove nothing. */
export async function provenEquivocator(
  environment: SessionEnvironment,
  sessionId: Uint8Array,
  first: Uint8Array,
  second: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const [a, b] = [await openVote(environment, first), await openVote(environment, second)]
    const proves =
      equalBytes(a.voter, b.voter) &&
      a.vote.epoch === b.vote.epoch &&
      equalBytes(a.vote.sessionId, sessionId) &&
      equalBytes(b.vote.sessionId, sessionId) &&
      !isSameVote(a.vote, b.vote)
    return proves ? a.voter : undefined
  } catch {
    return undefined
  }
}
