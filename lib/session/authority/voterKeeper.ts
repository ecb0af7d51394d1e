import { equalBytes, toHex } from '../../core/index.ts'
import { mostVoters } from '../../identity/index.ts'
import type { Peer } from '../peer.ts'
import type { AppliedEntry } from '../record.ts'
import type { Change } from '../recordEntries.ts'
import type { RecordMember } from '../recordState.ts'
import type { Session } from '../session.ts'
import type { Ballot } from './ballot.ts'
import { freshMs, leaseMs, voterGraceMs, voterProbationMs } from './constants.ts'
import type { TieBreaker } from './tieBreaker.ts'
import { isSameVoter, nextVoters, voterOf, type Eligible, type Voter, type VoterSet } from './voters.ts'

/** What a keeper of voters needs of the host. */
export interface VoterKeeperHandlers {
  /** Decides; `held` is called once the entry is signed. */
  append(change: Change, held?: () => void): Promise<AppliedEntry>
  /** Whether more than half of `set` are heard and follow this host. */
  hears(set: VoterSet): boolean
  /** Sign keys of voters that don't count, in hexadecimal. */
  cheats(): ReadonlySet<string>
}

/** More than any entry's number, which is what those who came first are told by. */
const behindStaff = 2 ** 50

/** Sees to it that those vote who should ([AUT-12], [AUT-15]), one change after the other ([AUT-2]). */
export class VoterKeeper {
  readonly #session: Session
  readonly #ballot: Ballot
  readonly #tieBreaker: TieBreaker
  readonly #around: VoterKeeperHandlers
  readonly #began: number
  /** Since when each member is linked. */
  readonly #since = new Map<string, number>()
  /** When each member was last heard while its ticket counted. */
  readonly #heardAt = new Map<string, number>()
  /** Whether a change is under way, or a hand-over for which none must be. */
  busy = false
  #withdrawing = false

  constructor(session: Session, ballot: Ballot, tieBreaker: TieBreaker, around: VoterKeeperHandlers) {
    this.#session = session
    this.#ballot = ballot
    this.#tieBreaker = tieBreaker
    this.#around = around
    this.#began = session.environment.clock.now()
  }

  attached(peer: Peer): void {
    this.#since.set(peer.member.id, this.#session.environment.clock.now())
  }

  detached(peer: Peer): void {
    this.#since.delete(peer.member.id)
  }

  /** Voters change one at a time: the former change, and the present epoch, have to be committed ([AUT-2]). */
  get mayChange(): boolean {
    const { record } = this.#session
    return (
      record.committed > record.votersSince &&
      record.committed > record.epochSince &&
      this.#ballot.epoch <= record.epoch
    )
  }

  /** Takes the next step towards the voters there should be, where one is due. */
  look(hasMajority: boolean): void {
    const now = this.#session.environment.clock.now()
    for (const peer of this.#session.peers()) {
      const heardAt = peer.admitted ? peer.control?.link.heardAt : undefined
      if (heardAt !== undefined) this.#heardAt.set(peer.member.id, heardAt)
    }
    this.#withdraw(now)
    if (this.busy || !this.mayChange) return
    const { record, self } = this.#session
    const cheats = this.#around.cheats()
    const eligible = [{ ...voterFrom(self), reachable: true, rank: self.joinedAt }]
    // Of two voters, one that is gone keeps the other from deciding anything: it is not waited for as long.
    const graceForVoters = hasMajority ? voterGraceMs : leaseMs
    for (const { member, saidGoodbye } of this.#session.peers()) {
      const heardAt = saidGoodbye ? -Infinity : (this.#heardAt.get(member.id) ?? this.#began)
      const since = this.#since.get(member.id) ?? Infinity
      const votes = voterOf(record.voters, member.signKey) !== undefined
      const reachable = votes
        ? now - heardAt < graceForVoters
        : now - heardAt < freshMs && now - since >= voterProbationMs
      const counts = reachable && (cheats.size === 0 || !cheats.has(toHex(member.signKey)))
      eligible.push({ ...voterFrom(member), reachable: counts, rank: this.#rankOf(member) })
    }
    const next = this.#nextVoters(eligible)
    // Those who are to vote from now on confirm it: of two, one may let the other go.
    if (next === undefined || !this.#around.hears({ since: record.length, voters: next, witness: null }))
      return
    // Those who leave a witness behind have to confirm that, or the witness.
    if (record.voters.witness !== null && !this.#around.hears(record.voters)) return
    this.busy = true
    this.#change(next)
      .catch((error: unknown) => this.#log(error))
      .finally(() => (this.busy = false))
  }

  /**
   * Takes back that another one votes besides this peer, when that one is gone before it could confirm it: without this
   * peer it can't be elected, so nobody else decides meanwhile ([AUT-12]).
   */
  #withdraw(now: number): void {
    const { record, self } = this.#session
    const { voters, witness } = record.voters
    const before = record.votersAt(record.votersSince)
    const isPending = record.votersSince >= record.committed && record.epochSince < record.committed
    const isOwn = before.witness === null && before.voters.length === 1 && isSelf(before.voters[0], self)
    if (!isPending || !isOwn || witness !== null || voters.length !== 2 || this.#withdrawing) return
    const other = voters.find((voter) => !isSelf(voter, self))
    const member = other === undefined ? undefined : record.state.member(other.signKey)
    if (member !== undefined && now - (this.#heardAt.get(member.id) ?? this.#began) < leaseMs) return
    this.#withdrawing = true
    this.#around
      .append({ type: 'voters', voters: [voterFrom(self)], witness: null })
      .catch((error: unknown) => this.#log(error))
      .finally(() => (this.#withdrawing = false))
  }

  /** Smaller comes first: staff, then who has been here longest. */
  #rankOf(member: RecordMember): number {
    const isStaff = this.#session.moderation.roleOf(member) !== 'member'
    return isStaff ? member.joinedAt : member.joinedAt + behindStaff
  }

  #nextVoters(eligible: readonly Eligible[]): Voter[] | undefined {
    const { record, self } = this.#session
    const { voters, witness } = record.voters
    const isPair =
      record.state.memberCount === 2 && eligible.filter(({ reachable }) => reachable).length === 2
    if (isPair || witness !== null) this.#tieBreaker.look()
    const { isOffered, isThere } = this.#tieBreaker
    // A witness votes once, and is named together with the second voter.
    const isUseless = witness === null || this.#tieBreaker.hasVoted(record.voters)
    if (isPair && isOffered && voters.length === 2 && isUseless) return [voterFrom(self)]
    return nextVoters(voters, eligible, self, isPair && isThere)
  }

  async #change(voters: Voter[]): Promise<AppliedEntry> {
    const isPair = voters.length === 2 && this.#session.record.state.memberCount === 2
    const witness = isPair ? this.#tieBreaker.nominate(voters) : null
    const number = this.#session.record.length
    const changed = this.#around.append({ type: 'voters', voters, witness }, () => {
      const entry = this.#session.record.entry(number)
      // At once: should the other voter be gone by now, the witness is what lets this one go on.
      if (witness !== null && entry !== undefined)
        this.#tieBreaker.register(entry).catch((error: unknown) => this.#log(error))
    })
    return changed
  }

  /** Takes the next step towards `voter` voting too. */
  add(voter: Voter): Promise<AppliedEntry> {
    const { voters } = this.#session.record.voters
    if (voters.length < mostVoters) return this.#change([...voters, voterFrom(voter)])
    const other = voters.findLast(({ signKey }) => !equalBytes(signKey, this.#session.self.signKey))
    return this.#change(voters.filter((each) => each !== other))
  }

  #log(error: unknown): void {
    this.#session.environment.logger.debug('A change of voters came to nothing.', { error })
  }
}

function isSelf(voter: Voter | undefined, self: Voter): boolean {
  return voter !== undefined && isSameVoter(voter, self)
}

function voterFrom({ signKey, incarnation }: Voter): Voter {
  return { signKey, incarnation }
}
