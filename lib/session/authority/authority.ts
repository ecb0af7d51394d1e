import { ConvoyError, equalBytes, isConvoyError, toHex, type Cancel } from '../../core/index.ts'
import type { Peer } from '../peer.ts'
import type { AppliedEntry } from '../record.ts'
import type { SnapshotMessage } from '../snapshot/snapshotMessages.ts'
import type { Change } from '../recordEntries.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessage, EntriesMessage } from './authorityMessages.ts'
import { Ballot } from './ballot.ts'
import { Candidacy } from './candidacy.ts'
import { frozenMs, lookMs } from './constants.ts'
import { Equivocations } from './equivocations.ts'
import { handEntries, handNews } from './handEntries.ts'
import { handOver, takeOver } from './handOver.ts'
import { HostContact } from './hostContact.ts'
import { HostProofs } from './hostProofs.ts'
import { Leadership } from './leadership.ts'
import { Perjuries } from './perjuries.ts'
import { SnapshotIntake } from './snapshotIntake.ts'
import { Telling } from './telling.ts'
import { TieBreaker } from './tieBreaker.ts'
import { voterOf, votesIn } from './voters.ts'
import { Voting } from './voting.ts'

/**
 * Who decides in a session, and what is decided: follows the record of the present host, votes, stands for host when it is
 * gone, and decides while this peer is host. The specification is docs/protocol/08-authority.md.
 */
export class Authority {
  readonly proofs: HostProofs
  readonly #session: Session
  readonly #ballot: Ballot
  readonly #candidacy: Candidacy
  readonly #voting: Voting
  readonly #tieBreaker: TieBreaker
  readonly #equivocations: Equivocations
  readonly #perjuries: Perjuries
  readonly #host: HostContact
  readonly #cancelLook: Cancel
  #leadership: Leadership | undefined
  readonly #telling: Telling
  readonly #intake: SnapshotIntake
  /** The highest epoch that is void: nobody who was host in it, or before, is followed ([AUT-14], [AUT-16]). */
  #floor = -1
  #closed = false

  constructor(session: Session) {
    const { environment, record } = session
    this.#session = session
    this.#telling = new Telling(session, () => this.#perjuries.expel())
    this.#intake = new SnapshotIntake(environment.dropped)
    this.proofs = new HostProofs(session, (peer) => this.#follows(peer))
    this.#host = new HostContact(session)
    this.#perjuries = new Perjuries(session, (from, epoch) => this.#void(from, epoch))
    this.#ballot = new Ballot(environment)
    this.#tieBreaker = new TieBreaker(session)
    this.#voting = new Voting(session, this.#ballot, {
      epoch: () => this.epoch,
      votes: () => this.votes,
      silenceMs: () => this.silenceMs(),
      voted: () => {
        this.#leadership?.outvoted()
        this.#candidacy.giveWay()
      },
      lacks: (peer) => this.#sayHolds(peer, true),
    })
    this.#equivocations = new Equivocations(environment, record.sessionId)
    this.#candidacy = new Candidacy(session, this.#ballot, {
      silenceMs: () => this.silenceMs(),
      votes: () => this.votes,
      epoch: () => this.epoch,
      cheats: () => this.#equivocations.cheats,
      grant: (vote) => this.#tieBreaker.grant(vote),
      elected: (epoch, number, votes) => this.#elected(epoch, number, votes),
    })
    if (this.#isOwn(record.hostKey)) this.#lead()
    this.#cancelLook = environment.clock.every(lookMs, () => this.#look())
  }

  /** The highest epoch that this peer knows of or voted in: it follows no lower one ([AUT-9]). */
  get epoch(): number {
    return Math.max(this.#session.record.epoch, this.#ballot.epoch, this.#floor)
  }

  /** Whether this peer is host as the record has it, and has not promised its vote to another since. */
  get isLeading(): boolean {
    return this.#leadership !== undefined
  }

  /** Whether this peer is host, and what it decides now would not be refused for want of a majority. */
  get canDecide(): boolean {
    return this.#leadership?.canDecide === true
  }

  /** Whether this peer is among those who vote. */
  get votes(): boolean {
    return votesIn(this.#session.record.voters, this.#session.self)
  }

  /** Whether somebody decides: this peer with a majority behind it, or a host that is heard. */
  get isActive(): boolean {
    if (this.#leadership !== undefined) return this.#leadership.hasMajority()
    return this.#session.record.epoch === this.epoch && this.silenceMs() < frozenMs
  }

  /** Whether this peer is to look for the session elsewhere: as host it hears too few voters, else it has no link with the host. */
  get isDeserted(): boolean {
    if (this.#leadership !== undefined) return this.#leadership.isDeserted
    return this.#host.isMissing
  }

  /**
   * How long nobody was heard as host, ms; infinite once it said good-bye. A host without a majority is none, and neither is
   * one of an epoch below that which this peer voted in.
   */
  silenceMs(): number {
    return Math.max(this.#hostSilenceMs(), this.#ballot.sinceVoteAbove(this.#session.record.epoch))
  }

  #hostSilenceMs(): number {
    if (this.#leadership !== undefined) return this.#leadership.silenceMs
    // Who was host before a void epoch is none any more, and neither is who made it void.
    const isVoid = this.#floor >= this.#session.record.epoch
    return isVoid ? Infinity : this.#host.silenceMs()
  }

  /**
   * Decides something as the host: signs it, and resolves once it is committed and applied.
   * @throws ConvoyError `not-permitted`, `no-majority`, `authority-moved`, `closed`, or what the record throws.
   */
  decide(change: Change): Promise<AppliedEntry> {
    const leadership = this.#leadership
    if (leadership === undefined)
      return Promise.reject(new ConvoyError('authority-moved', 'Another host decides now. Ask it.'))
    return leadership.decide(change)
  }

  /**
   * Hands authority over to another member ([AUT-13]).
   * @throws ConvoyError `not-permitted`, `no-majority`, `timeout`, `aborted`.
   */
  async transfer(peer: Peer, signal?: AbortSignal): Promise<void> {
    const leadership = this.#leadership
    if (leadership === undefined) throw new ConvoyError('not-permitted', 'Only the host can hand over.')
    await handOver(this.#session, leadership, this.#ballot, peer, signal)
  }

  /** State and messages flow between this peer and `peer` from now on. */
  attached(peer: Peer, sent?: number): void {
    if (this.#leadership !== undefined) this.#leadership.attached(peer, sent)
    else if (this.#host.isHost(peer)) this.#sayHolds(peer, true)
  }

  /** The link to `peer` is gone. */
  detached(peer: Peer): void {
    this.#leadership?.detached(peer)
    this.#intake.forget(peer.member.id)
  }

  /** The host said that it goes. */
  hostLeft(): void {
    this.#host.left()
  }

  /** Takes entries, whoever hands them on ([AUT-4]). */
  async onEntries(peer: Peer, { epoch, entries, committed }: EntriesMessage): Promise<void> {
    const { record } = this.#session
    if (this.#isFenced(peer, epoch)) return
    let missing = epoch > record.epoch && entries.length === 0
    for (const bytes of entries) {
      try {
        await record.accept(bytes)
      } catch (error) {
        if (isConvoyError(error, 'record-gap')) {
          missing = true
          break
        }
        if (!isConvoyError(error, 'message-replayed')) {
          this.#perjuries.refused(bytes, error)
          throw error
        }
        await this.#equivocations.compare(record, bytes, (first, second) => this.#convict(first, second))
      }
      // Meanwhile this peer may have voted in a later epoch.
      if (this.#closed || this.#isFenced(peer, epoch)) return
    }
    this.#follow()
    const { hostKey } = record
    const isHosts = hostKey !== undefined && equalBytes(hostKey, peer.member.signKey)
    if (isHosts && record.epoch === epoch && !missing) {
      if (committed > record.length) missing = true
      record.commit(committed)
      this.#tellApplied()
    }
    const confirms = voterOf(record.confirming, this.#session.self.signKey) !== undefined
    // A host that hands on nothing may have yet to hear what this member holds.
    if (missing || (isHosts && (confirms || entries.length === 0))) this.#sayHolds(peer, missing)
  }

  /** Takes a part of a snapshot from a host that was asked for what is missing here ([REC-11]). */
  async #onSnapshot(peer: Peer, message: SnapshotMessage): Promise<void> {
    const { record } = this.#session
    const bundle = this.#intake.take(peer.member.id, message)
    if (bundle === undefined) return
    await record.install(bundle, peer.member.signKey, () => this.epoch)
    if (this.#closed) return
    this.#telling.tellNews()
    this.#follow()
    this.#tellApplied()
    this.#sayHolds(peer, false)
  }

  /** Whether entries sent for `epoch` count no more ([AUT-9]). */
  #isFenced(peer: Peer, epoch: number): boolean {
    const { dropped, faults } = this.#session.environment
    if (epoch >= this.epoch || faults?.has('no-fencing') === true) return false
    dropped.addFrom(peer.member.id, 'entries-fenced')
    this.#sayHolds(peer, false)
    return true
  }

  async onMessage(peer: Peer, message: AuthorityMessage | SnapshotMessage): Promise<void> {
    switch (message.type) {
      case 'snapshot':
        return this.#onSnapshot(peer, message)
      case 'holds':
        if (this.#leadership !== undefined) return this.#leadership.holds(peer, message)
        if (!message.missing) return
        handEntries(this.#session.record, peer, message, this.epoch)
        return this.#perjuries.show(peer)
      case 'probe':
        return this.#voting.answerProbe(peer, message)
      case 'probed':
        return this.#candidacy.probed(peer, message)
      case 'stand':
        return this.#voting.answerStand(peer, message)
      case 'vote':
        return this.#candidacy.voted(message.vote)
      case 'noVote':
        return this.#candidacy.refused(message)
      case 'succeed':
        return takeOver(this.#session, this.#voting, this.#candidacy, this.#host.isHost(peer), peer, message)
      case 'equivocation':
        return this.#convict(message.first, message.second)
      default:
        return this.proofs.onMessage(peer, message, this.#leadership)
    }
  }

  /** This member is another incarnation from now on, and so another voter. */
  renew(): void {
    this.#ballot.renew()
  }

  /** A host took this member back: what its record says is in force. */
  adopt(): void {
    this.#telling.tellNews()
    this.#follow()
    this.#tellApplied()
  }

  /** Stops everything. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelLook()
    this.#telling.close()
    this.#candidacy.stop()
    this.#tieBreaker.close()
    this.#leadership?.end(new ConvoyError('closed', 'The convoy is closed.'))
  }

  #look(): void {
    if (this.#leadership === undefined) {
      this.#candidacy.look()
      this.#host.look()
    } else {
      this.#leadership.look(this.#candidacy, this.epoch)
    }
    if (this.isDeserted) this.#session.role?.adrift()
    else if (this.#leadership === undefined && this.#host.isSilent) this.#session.role?.hostSilent()
  }

  #sayHolds(peer: Peer, missing: boolean): void {
    const { record } = this.#session
    const { length, committed } = record
    const digest = record.digestAt(length) ?? new Uint8Array(32)
    if (missing) this.#intake.asked(peer.member.id)
    peer.control?.send({ type: 'holds', epoch: this.epoch, length, digest, committed, missing })
  }

  async #elected(epoch: number, number: number, votes: readonly Uint8Array[]): Promise<void> {
    const { record, environment } = this.#session
    if (this.#closed || record.length !== number || this.epoch > epoch) return
    const { signKey } = environment.identity
    const { proofs: expelled } = this.#equivocations
    await record.append({ type: 'elected', signKey, votes: [...votes], expelled }, epoch)
    if (this.#tieBreaker.isClosed) return
    this.#lead()
    this.#follow()
    this.#leadership?.advance()
  }

  /** Whether this peer follows it as host, and has not voted in a later epoch since. */
  #follows(peer: Peer): boolean {
    return this.#host.isHost(peer) && this.epoch <= this.#session.record.epoch
  }

  #isOwn(signKey: Uint8Array | undefined): boolean {
    return signKey !== undefined && equalBytes(signKey, this.#session.environment.identity.signKey)
  }

  #lead(): void {
    const former = this.#leadership
    this.#leadership = new Leadership(this.#session, this.#ballot, this.#tieBreaker, {
      committed: () => this.#tellApplied(),
      certified: this.proofs.certified,
      cheats: () => this.#equivocations.cheats,
    })
    former?.succeededBy(this.#leadership)
    this.#candidacy.stop()
  }

  /** Goes by who is host as the record has it now. */
  #follow(): void {
    const { record } = this.#session
    const { hostKey, epoch } = record
    if (hostKey === undefined) return
    const leads = this.#isOwn(hostKey)
    if (!leads && this.#leadership !== undefined) {
      const former = this.#leadership
      this.#leadership = undefined
      former.end(new ConvoyError('authority-moved', 'Another host decides now. Ask it.'))
      this.#session.resigned()
    }
    if (!this.#host.follow(hostKey)) return
    this.#candidacy.stop()
    // The one that was elected itself begins once that is committed.
    if (leads) return
    this.#session.hostIs(hostKey, epoch)
    handNews(this.#session)
  }

  #tellApplied(): void {
    this.#telling.tellApplied((entry) => this.#leadership?.applied(entry))
  }

  /** Takes back what was decided in an epoch from the entry with number `from` on, and follows nobody of that epoch any more. */
  #void(from: number, epoch: number): void {
    const { record } = this.#session
    this.#floor = Math.max(this.#floor, epoch)
    record.voidFrom(from, epoch)
    this.proofs.certified.truncate(from)
    this.#telling.takeBack()
    this.#session.roster.reconcile()
    this.#follow()
  }

  /** Acts on the proof that a voter voted twice ([AUT-14]), and tells everybody. */
  async #convict(first: Uint8Array, second: Uint8Array): Promise<void> {
    const { record, environment } = this.#session
    const proof = await this.#equivocations.add(first, second)
    if (proof === undefined) return
    environment.logger.warn('A voter voted twice.', { voter: toHex(proof.voter) })
    for (const peer of this.#session.peers()) peer.control?.send({ type: 'equivocation', first, second })
    if (record.epoch === proof.epoch && voterOf(record.voters, proof.voter) !== undefined) {
      this.#void(record.epochSince, proof.epoch)
    } else this.#follow()
    this.#session.hostRole?.expel(proof.voter, 'It voted twice on who decides.')
  }
}
