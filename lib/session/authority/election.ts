import { ConvoyError } from '../../core/index.ts'
import { countElection } from '../../identity/index.ts'
import type { SessionEnvironment } from '../environment.ts'
import type { Change } from '../recordEntries.ts'
import type { Vote } from './vote.ts'
import type { VoterSet } from './voters.ts'

export { provenEquivocator } from '../../identity/index.ts'

/**
 * Checks that more than half of those who vote made `vote.candidate` the host ([AUT-8]).
 * @param set - who voted before the entry.
 * @throws ConvoyError `message-unauthentic`, or what opening a vote throws.
 */
export async function checkElected(
  environment: SessionEnvironment,
  vote: Vote,
  elected: Extract<Change, { type: 'elected' }>,
  set: VoterSet,
): Promise<void> {
  const { votedFor, needed } = await countElection(environment, vote, elected, set)
  const counted = environment.faults?.has('double-votes') === true ? elected.votes.length : votedFor.size
  if (counted < needed)
    throw new ConvoyError('message-unauthentic', 'A host needs the votes of more than half of the voters.')
}
