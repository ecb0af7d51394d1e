import { ConvoyError, equalBytes, toHex } from '../core/index.ts'
import type { Elected } from './authorityChanges.ts'
import { isSameVote, openVote, type Opening, type Vote } from './vote.ts'

/** Who may vote. */
export interface Electorate {
  readonly voters: readonly { readonly signKey: Uint8Array }[]
  /** Sign key of the service that votes besides; null where none does. */
  readonly witness: Uint8Array | null
}

/** How many of an electorate have to agree: more than half, the witness counted. */
export function majorityOf({
  voters,
  witness,
}: {
  readonly voters: { readonly length: number }
  readonly witness: Uint8Array | null
}): number {
  return Math.floor((voters.length + (witness === null ? 0 : 1)) / 2) + 1
}

/** What came of an election. */
export interface CountedElection {
  /** Who voted, in hexadecimal, each once. */
  readonly votedFor: ReadonlySet<string>
  /** How many have to: more than half of those that count. */
  readonly needed: number
}

/**
 * Counts the votes of an `elected` change ([SUC-3]). Whether there are enough of them is the caller's question.
 * @param vote - what each vote has to say.
 * @param electorate - who voted before the change.
 * @throws ConvoyError `message-unauthentic` when a vote says something else, or is of somebody who does not vote; those of
 * {@link openVote}.
 */
export async function countElection(
  opening: Opening,
  vote: Vote,
  { votes, expelled }: Pick<Elected, 'votes' | 'expelled'>,
  { voters, witness }: Electorate,
): Promise<CountedElection> {
  const equivocators = new Set<string>()
  for (const { first, second } of expelled) {
    const equivocator = await provenEquivocator(opening, vote.sessionId, first, second)
    if (equivocator !== undefined) equivocators.add(toHex(equivocator))
  }
  const keys = voters.map(({ signKey }) => toHex(signKey))
  if (witness !== null) keys.push(toHex(witness))
  const entitled = keys.filter((key) => !equivocators.has(key))
  const votedFor = new Set<string>()
  for (const bytes of votes) {
    const opened = await openVote(opening, bytes)
    const voter = toHex(opened.voter)
    if (!entitled.includes(voter))
      throw new ConvoyError('message-unauthentic', 'A vote came from a peer that does not vote.')
    if (!isSameVote(opened.vote, vote))
      throw new ConvoyError('message-unauthentic', 'A vote was given to something else.')
    votedFor.add(voter)
  }
  return { votedFor, needed: Math.floor(entitled.length / 2) + 1 }
}

/**
 * Checks that more than half of `electorate` voted for an `elected` change.
 * @throws ConvoyError `message-unauthentic` when not; those of {@link countElection}.
 */
export async function checkElection(
  opening: Opening,
  vote: Vote,
  elected: Elected,
  electorate: Electorate,
): Promise<void> {
  const { votedFor, needed } = await countElection(opening, vote, elected, electorate)
  if (votedFor.size < needed)
    throw new ConvoyError('message-unauthentic', 'A host needs the votes of more than half of the voters.')
}

/** Who voted twice in an epoch of the session, as both votes prove; undefined where they prove nothing ([SUC-5]). */
export async function provenEquivocator(
  opening: Opening,
  sessionId: Uint8Array,
  first: Uint8Array,
  second: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const [a, b] = [await openVote(opening, first), await openVote(opening, second)]
    const proves =
      equalBytes(a.voter, b.voter) &&
      equalBytes(a.vote.sessionId, sessionId) &&
      equalBytes(b.vote.sessionId, sessionId) &&
      a.vote.epoch === b.vote.epoch &&
      !isSameVote(a.vote, b.vote)
    return proves ? a.voter : undefined
  } catch {
    return undefined
  }
}
