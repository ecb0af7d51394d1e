import { ConvoyError, sleep, withDeadline, type Cancel } from '../../core/index.ts'
import { majorityOf } from '../../identity/index.ts'
import { graceMs } from '../constants.ts'
import type { Peer } from '../peer.ts'
import type { AppliedEntry, HeldEntry } from '../record.ts'
import type { Change } from '../recordEntries.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import type { Ballot } from './ballot.ts'
import type { Candidacy } from './candidacy.ts'
import type { Certified } from './certified.ts'
import { Certifier } from './certifier.ts'
import { decisionMs, leaseMs, lookMs, mostEpochsAhead, unlinkedMs, witnessAnswerMs } from './constants.ts'
import { Replication } from './replication.ts'
import { SlowVoters } from './slowVoters.ts'
import { SnapshotKeeper } from './snapshotKeeper.ts'
import type { TieBreaker } from './tieBreaker.ts'
import { VoterKeeper } from './voterKeeper.ts'
import { voterOf, votesIn, type VoterSet } from './voters.ts'

/** What a leadership tells of. */
export interface LeadershipHandlers {
  /** More of the record is committed. */
  committed(): void
  /** Where proofs of who is host are kept. */
  readonly certified: Certified
  /** Sign keys of voters that don't count, in hexadecimal. */
  cheats(): ReadonlySet<string>
}

interface Waiting {
  resolve(entry: AppliedEntry): void
  reject(error: unknown): void
  readonly cancel: Cancel
}

/** What this peer does while it is host: decides, hands the record on, and sees to it that there are voters. */
export class Leadership {
  readonly #session: Session
  readonly #ballot: Ballot
  readonly #handlers: LeadershipHandlers
  readonly #tieBreaker: TieBreaker
  readonly #replication: Replication
  readonly #slowVoters: SlowVoters
  readonly #keeper: VoterKeeper
  readonly #snapshots: SnapshotKeeper
  readonly #certifier: Certifier
  #waiting = new Map<number, Waiting>()
  /** Since when too few voters are heard. */
  #alone: number | undefined
  /** Since when too few voters have a link at all. */
  #unlinked: number | undefined
  #pausedUntil = 0
  #ended = false

  constructor(session: Session, ballot: Ballot, tieBreaker: TieBreaker, handlers: LeadershipHandlers) {
    const { record, environment } = session
    this.#session = session
    this.#ballot = ballot
    this.#tieBreaker = tieBreaker
    this.#handlers = handlers
    this.#replication = new Replication(record, environment.identity.signKey)
    this.#slowVoters = new SlowVoters(record, this.#replication)
    this.#keeper = new VoterKeeper(session, ballot, tieBreaker, {
      append: (change, held) => this.#append(change, held),
      hears: (set) => this.#hears(set, true),
      cheats: () => handlers.cheats(),
    })
    this.#snapshots = new SnapshotKeeper(session, {
      decide: (change) => this.decide(change),
      heldByAll: () => this.#replication.heldByAll([...session.peers()]),
    })
    this.#certifier = new Certifier(session, handlers.certified)
    for (const peer of session.peers()) if (peer.admitted) this.attached(peer, record.epochSince)
  }

  /** Whether more than half of the voters, this peer included, are heard and follow it. */
  hasMajority(): boolean {
    return this.#hears(this.#session.record.voters, true)
  }

  /** How long this host has been none for want of a majority, ms: so long it keeps nobody from being elected. */
  get silenceMs(): number {
    const now = this.#session.environment.clock.now()
    return this.#alone === undefined ? 0 : leaseMs + now - this.#alone
  }

  /** Whether too few voters were heard for as long as a link may be silent, or are linked. */
  get isDeserted(): boolean {
    const now = this.#session.environment.clock.now()
    const isPast = (since: number | undefined, ms: number): boolean => since !== undefined && now - since > ms
    return isPast(this.#alone, graceMs) || isPast(this.#unlinked, unlinkedMs)
  }

  /** See `Authority.canDecide`. */
  get canDecide(): boolean {
    return this.#objection() === undefined
  }

  /** See `Authority.decide`. */
  async decide(change: Change): Promise<AppliedEntry> {
    this.#requireAuthority()
    return this.#append(change)
  }

  async #append(change: Change, held?: () => void): Promise<AppliedEntry> {
    const { record, environment } = this.#session
    const entry = await record.append(change)
    held?.()
    return new Promise((resolve, reject) => {
      const cancel = environment.clock.after(decisionMs, () => {
        this.#waiting.delete(entry.number)
        reject(
          new ConvoyError(
            'no-majority',
            'Not enough voters confirmed the decision. It may come into force once they do.',
          ),
        )
      })
      this.#waiting.set(entry.number, { resolve, reject, cancel })
      this.advance()
    })
  }

  attached(peer: Peer, sent?: number): void {
    this.#keeper.attached(peer)
    this.#replication.attached(peer, sent)
    const { epoch, committed } = this.#session.record
    if (sent === undefined) peer.control?.send({ type: 'entries', epoch, entries: [], committed })
  }

  detached(peer: Peer): void {
    this.#keeper.detached(peer)
    this.#replication.detached(peer)
    this.#certifier.detached(peer)
  }

  attested(peer: Peer, message: AuthorityMessageOf<'attested'>): Promise<void> {
    return this.#certifier.attested(peer, message)
  }

  holds(peer: Peer, message: AuthorityMessageOf<'holds'>): void {
    this.#replication.holds(peer, message)
    this.advance()
  }

  /** Commits what more than half of the voters hold, and brings everybody what they lack. */
  advance(): void {
    if (this.#ended) return
    const { record } = this.#session
    const held = this.#replication.held([...this.#session.peers()], (set) => this.#tieBreaker.hasVoted(set))
    // Entries of former epochs count once one of this epoch follows them ([AUT-3]).
    if (held > record.committed && record.entry(held - 1)?.epoch === record.epoch) record.commit(held)
    this.#handlers.committed()
    for (const peer of [...this.#session.peers()]) this.#replication.bring(peer)
    this.#snapshots.look()
  }

  applied(entry: HeldEntry): void {
    const waiting = this.#waiting.get(entry.number)
    this.#waiting.delete(entry.number)
    waiting?.cancel()
    waiting?.resolve(entry)
  }

  /** Decides nothing for a while: somebody else takes over. */
  pause(ms: number): void {
    this.#pausedUntil = this.#session.environment.clock.now() + ms
  }

  /** This peer voted for another. */
  outvoted(): void {
    this.pause(2 * leaseMs)
  }

  /** Sees to the voters, and stands anew where one of them follows a later epoch already. */
  look(candidacy: Candidacy, epoch: number): void {
    candidacy.expire()
    const now = this.#session.environment.clock.now()
    this.#slowVoters.look(this.#session.peers(), now)
    const hasMajority = this.hasMajority()
    this.#alone = hasMajority ? undefined : (this.#alone ?? now)
    this.#unlinked = this.#hears(this.#session.record.voters, false, Infinity)
      ? undefined
      : (this.#unlinked ?? now)
    if (now < this.#pausedUntil) return
    let highest = epoch
    for (const peer of this.#session.peers()) {
      const known = this.#replication.epochOf(peer)
      if (peer.admitted && known <= epoch + mostEpochsAhead) highest = Math.max(highest, known)
    }
    const { voters } = this.#session.record
    if (this.#alone !== undefined && voters.witness !== null && !this.#tieBreaker.hasVoted(voters)) {
      this.pause(witnessAnswerMs)
      void candidacy.standAgain().catch((error: unknown) => this.#log(error))
      return
    }
    if (highest > this.#session.record.epoch) {
      if (!this.#hears(this.#session.record.voters, false)) return
      this.pause(leaseMs)
      void candidacy.stand(highest + 1, 'own').catch((error: unknown) => this.#log(error))
      return
    }
    this.#keeper.look(hasMajority)
    this.#certifier.look((peer) => this.#replication.toldTo(peer))
  }

  /**
   * Makes `peer` a voter that holds everything.
   * @throws ConvoyError `timeout`, `aborted`, or what deciding throws.
   */
  async prepare(peer: Peer, signal?: AbortSignal): Promise<void> {
    const { record, environment } = this.#session
    const deadline = environment.clock.now() + decisionMs
    // Or who was made a voter for this would be one too many.
    this.#keeper.busy = true
    try {
      for (;;) {
        this.#requireAuthority()
        const isVoter = votesIn(record.voters, peer.member)
        if (isVoter && this.#replication.isUpToDate(peer) && record.committed === record.length) return
        if (!isVoter && this.#keeper.mayChange) {
          const changed = this.#keeper.add(peer.member)
          await withDeadline(
            environment.clock,
            decisionMs,
            'The voters did not agree in time.',
            changed,
            signal,
          )
        }
        if (environment.clock.now() > deadline)
          throw new ConvoyError('timeout', 'The member did not catch up with the record in time.')
        await sleep(environment.clock, lookMs, signal)
      }
    } finally {
      this.#keeper.busy = false
    }
  }

  /** Another leadership of this same peer goes on with what was begun. */
  succeededBy(other: Leadership): void {
    other.#waiting = this.#waiting
    this.#waiting = new Map()
    this.#ended = true
  }

  end(error: ConvoyError): void {
    this.#ended = true
    for (const waiting of this.#waiting.values()) {
      waiting.cancel()
      waiting.reject(error)
    }
    this.#waiting.clear()
  }

  #requireAuthority(): void {
    const objection = this.#objection()
    if (objection !== undefined) throw objection
  }

  /** Why this host may not decide now; undefined where it may. */
  #objection(): ConvoyError | undefined {
    const { record, environment } = this.#session
    if (this.#ended) return new ConvoyError('authority-moved', 'Another host decides now. Ask it.')
    if (!this.hasMajority()) {
      return new ConvoyError(
        'no-majority',
        'Too few of those who vote are heard. Nothing can be decided until more of them are back.',
      )
    }
    if (this.#ballot.epoch > record.epoch || environment.clock.now() < this.#pausedUntil)
      return new ConvoyError('authority-moved', 'Another host is about to take over. Ask it.')
    return undefined
  }

  /** Whether more than half of `set` are heard; where `following`, of those that know of no later epoch. */
  #hears(set: VoterSet, following: boolean, withinMs: number = leaseMs): boolean {
    const { environment, self, record } = this.#session
    const now = environment.clock.now()
    let count = voterOf(set, self.signKey) === undefined ? 0 : 1
    if (this.#tieBreaker.hasVoted(set)) count++
    for (const peer of this.#session.peers()) {
      const follows = !following || this.#replication.epochOf(peer) <= record.epoch
      if (peer.admitted && votesIn(set, peer.member) && follows && this.#isHeard(peer, now, withinMs)) count++
    }
    return count >= majorityOf(set)
  }

  #isHeard({ control }: Peer, now: number, withinMs: number): boolean {
    return control !== undefined && control.link.state !== 'closed' && now - control.link.heardAt < withinMs
  }

  #log(error: unknown): void {
    this.#session.environment.logger.debug('A change of voters came to nothing.', { error })
  }
}
