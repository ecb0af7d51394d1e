import { sameBytes } from '../../core/index.ts'
import { mostVoters } from '../../identity/index.ts'

/** A process that votes on who decides. */
export interface Voter {
  readonly signKey: Uint8Array
  /** A member that restarts is another voter: what the former process promised dies with it. */
  readonly incarnation: Uint8Array
}

/** Who votes, in force from the entry that names them on. */
export interface VoterSet {
  /** Number of the entry that named them. */
  readonly since: number
  readonly voters: readonly Voter[]
  /** Sign key of the service that is asked where there are two voters only; null where there is none. */
  readonly witness: Uint8Array | null
}

/** Who votes before anything was founded: nobody. */
export const noVoters: VoterSet = { since: 0, voters: [], witness: null }

/** The voter with this sign key. */
export function voterOf({ voters }: Pick<VoterSet, 'voters'>, signKey: Uint8Array): Voter | undefined {
  return voters.find((voter) => sameBytes(voter.signKey, signKey))
}

/** Whether this very process is one of the voters. */
export function votesIn({ voters }: Pick<VoterSet, 'voters'>, process: Voter): boolean {
  return voters.some((voter) => isSameVoter(voter, process))
}

/** Whether both are the same process of the same member. */
export function isSameVoter(a: Voter, b: Voter): boolean {
  return sameBytes(a.signKey, b.signKey) && sameBytes(a.incarnation, b.incarnation)
}

/** Whether `after` is `before` with one voter more or one less: then any majorities of both have a voter in common. */
export function differByOne(before: readonly Voter[], after: readonly Voter[]): boolean {
  const without = (from: readonly Voter[], others: readonly Voter[]): number =>
    from.filter((voter) => !others.some((other) => isSameVoter(voter, other))).length
  return without(before, after) + without(after, before) === 1
}

/** A member that may vote, as its host sees it. */
export interface Eligible extends Voter {
  /** Whether it is heard and follows the present host. */
  readonly reachable: boolean
  /** Smaller comes first: staff, then who has been here longest. */
  readonly rank: number
}

/**
 * The next step towards the voters there should be, or undefined when they are there: an odd number of members that are heard,
 * since an even one bears no more failures than the odd one below it; two only where a witness can break the tie.
 * @param eligible - the host and the other members present.
 * @param self - the host.
 */
export function nextVoters(
  current: readonly Voter[],
  eligible: readonly Eligible[],
  self: Voter,
  hasWitness: boolean,
): Voter[] | undefined {
  const isCurrent = (voter: Voter): boolean => current.some((each) => isSameVoter(each, voter))
  const reachable = eligible.filter((each) => each.reachable)
  // Who votes already goes on voting: each change is a decision of its own.
  const ordered = [...reachable].sort(
    (a, b) =>
      Number(isSameVoter(b, self)) - Number(isSameVoter(a, self)) ||
      a.rank - b.rank ||
      Number(isCurrent(b)) - Number(isCurrent(a)),
  )
  const most = Math.min(mostVoters, ordered.length)
  const target = most === 2 && hasWitness ? 2 : most - ((most + 1) % 2)
  const wanted = ordered.slice(0, Math.max(1, target))
  const isWanted = (voter: Voter): boolean => wanted.some((each) => isSameVoter(each, voter))
  const gone = current.find((voter) => !eligible.some((each) => each.reachable && isSameVoter(each, voter)))
  if (gone !== undefined) return current.filter((voter) => voter !== gone)
  const missing = wanted.find((voter) => !isCurrent(voter))
  if (missing !== undefined && current.length < mostVoters) {
    return [...current, { signKey: missing.signKey, incarnation: missing.incarnation }]
  }
  const surplus = current.find((voter) => !isWanted(voter))
  return surplus === undefined ? undefined : current.filter((voter) => voter !== surplus)
}
