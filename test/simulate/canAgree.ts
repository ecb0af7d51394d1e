import { equalBytes, toHex } from '../../lib/core/index.ts'
import { majorityOf, peekEnvelope } from '../../lib/identity/index.ts'
import type { SessionRecord } from '../../lib/session/record.ts'
import { votesIn, type VoterSet } from '../../lib/session/authority/voters.ts'
import type { Ledger } from './ledger.ts'
import type { Participant } from './participant.ts'

/**
 * Whether enough voters are left, by everybody's record, that somebody can be elected.
 * @param present - honest members that are in the session.
 * @param witnessesKnow - whether the service remembers for which pairs it is witness.
 */
export function canAgree(present: readonly Participant[], ledger: Ledger, witnessesKnow: boolean): boolean {
  return present.every(({ convoy }) => {
    const record = convoy?.session.record
    if (record === undefined) return false
    return [record.voters, record.votersAt(record.committed)].every((set) => {
      const living = present.flatMap(({ convoy: other }) => {
        const self = other?.session.self
        return self !== undefined && votesIn(set, self) ? [self.signKey] : []
      })
      const isSpent = record.epoch < ledger.highestEpoch || isWitnessTaken(record, ledger, set, living)
      const witnesses = set.witness === null || !witnessesKnow || isSpent ? 0 : 1
      return living.length > 0 && living.length + witnesses >= majorityOf(set)
    })
  })
}

/** Whether the witness of these voters voted for one that is gone, or may have: it votes for no other ([AUT-15], [WIT-5]). */
function isWitnessTaken(
  record: SessionRecord,
  ledger: Ledger,
  { since }: VoterSet,
  living: readonly Uint8Array[],
): boolean {
  const candidates = ledger.grantedTo(toHex(record.digestAt(since + 1) ?? new Uint8Array()))
  return candidates.some((candidate) => !living.some((signKey) => equalBytes(signKey, candidate)))
}

/** Whether the witness stands for a voter in the present epoch ([AUT-15]). */
export function hasWitnessVoted(record: SessionRecord, { witness }: Pick<VoterSet, 'witness'>): boolean {
  if (witness === null || record.votersSince >= record.epochSince) return false
  return record.votesOf(record.epoch).some((vote) => {
    const signer = peekEnvelope(vote)?.signKey
    return signer !== undefined && equalBytes(signer, witness)
  })
}
