import { equalBytes, toHex, type Clock } from '../../core/index.ts'
import { majorityOf } from '../../identity/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import type { Ballot } from './ballot.ts'
import {
  deferMs,
  electionMs,
  mostEpochsAhead,
  probeAnswerMs,
  probeMs,
  retryMs,
  standMs,
  suspectedMs,
  witnessAnswerMs,
  witnessDelayMs,
} from './constants.ts'
import { standingOf } from './standing.ts'
import { openVote, type Vote } from './vote.ts'
import { voterOf, votesIn, type VoterSet } from './voters.ts'

/** What a candidacy tells of. */
export interface CandidacyHandlers {
  /** How long the host was not heard, ms; infinite where it said good-bye. */
  silenceMs(): number
  /** Whether this peer votes as the record stands. */
  votes(): boolean
  /** The highest epoch seen. */
  epoch(): number
  /** Sign keys of voters that don't count, in hexadecimal. */
  cheats(): ReadonlySet<string>
  /** Asks the witness for its vote. */
  grant(vote: Vote): Promise<Uint8Array>
  /** More than half voted for this peer, as the next after a record of `number` entries. */
  elected(epoch: number, number: number, votes: readonly Uint8Array[]): Promise<void>
}

interface Probe {
  readonly number: number
  readonly since: number
  readonly agreed: Set<string>
  fitter: boolean
}

interface Stand {
  readonly vote: Vote
  readonly since: number
  askedWitness: boolean
  readonly votes: Map<string, Uint8Array>
}

/** How a voter that no longer hears the host comes to decide in its place ([AUT-5], [AUT-6]). */
export class Candidacy {
  readonly #session: Session
  readonly #clock: Clock
  readonly #ballot: Ballot
  readonly #handlers: CandidacyHandlers
  #probe: Probe | undefined
  #probes = 0
  #stand: Stand | undefined
  #lastVote: Vote | undefined
  /** Nothing is tried before. */
  #notBefore = 0
  /** The highest epoch that others said they know of, in vain asked for their votes. */
  #outbid = 0

  constructor(session: Session, ballot: Ballot, handlers: CandidacyHandlers) {
    this.#session = session
    this.#clock = session.environment.clock
    this.#ballot = ballot
    this.#handlers = handlers
  }

  /** Gives up: somebody else was elected, or this peer was. */
  stop(): void {
    this.#probe = undefined
    this.#stand = undefined
  }

  /** This peer voted for another, which has to have its chance. */
  giveWay(): void {
    this.stop()
    this.#notBefore = Math.max(this.#notBefore, this.#clock.now() + standMs)
  }

  /** Looks whether it is time to ask, or to stand. */
  look(): void {
    const now = this.#clock.now()
    this.expire()
    if (this.#stand !== undefined) return
    const silence = this.#handlers.silenceMs()
    if (silence < probeMs || !this.#handlers.votes() || now < this.#notBefore) {
      if (silence < probeMs) this.#probe = undefined
      return
    }
    if (this.#probe === undefined || now - this.#probe.since > probeAnswerMs + deferMs) this.#ask(now)
    this.#decide()
  }

  /** Gives up a candidacy for which not enough votes came. */
  expire(): void {
    const now = this.#clock.now()
    const stand = this.#stand
    if (stand === undefined) return
    const { witness } = this.#session.record.voters
    if (witness !== null && !stand.askedWitness && now - stand.since >= witnessDelayMs)
      this.#askWitness(stand)
    if (now - stand.since >= (witness === null ? standMs : witnessAnswerMs)) this.#retire(now)
  }

  /** Stands as the host that it is, with its own consent, where another voter is missing or knows of a later epoch. */
  standAgain(): Promise<void> {
    return this.stand(this.#nextEpoch(), 'own')
  }

  /** Takes the answer of a voter to a probe. */
  probed(peer: Peer, { probe, agrees, standing, epoch }: AuthorityMessageOf<'probed'>): void {
    this.#heardOf(epoch)
    if (probe !== this.#probe?.number || !this.#isVoter(peer) || !agrees) return
    this.#probe.agreed.add(peer.member.id)
    const own = standingOf(this.#session)
    if (standing < own || (standing === own && peer.member.joinedAt < this.#session.self.joinedAt)) {
      this.#probe.fitter = true
    }
    this.#decide()
  }

  /**
   * Asks for votes.
   * @param consent - the vote of the host, which lets those agree that hear it; `own` where this peer is that.
   */
  async stand(epoch: number, consent: Uint8Array | 'own' | null): Promise<void> {
    const { record, environment } = this.#session
    const { sessionId, length: number, epoch: lastEpoch } = record
    const previous = record.digestAt(number) ?? new Uint8Array(32)
    const candidate = environment.identity.signKey
    const vote: Vote = { sessionId, epoch, number, previous, candidate }
    const own = await this.#ballot.cast(vote)
    if (own === undefined) return
    const stand: Stand = { vote, since: this.#clock.now(), askedWitness: false, votes: new Map() }
    this.#lastVote = vote
    this.#stand = stand
    this.#probe = undefined
    await this.#count(stand, own)
    const hosts = consent === 'own' ? own : consent
    if (hosts !== null && hosts !== own) await this.#count(stand, hosts)
    if (this.#stand !== stand) return
    const message = {
      type: 'stand',
      epoch,
      lastEpoch,
      length: number,
      digest: previous,
      consent: hosts,
    } as const
    for (const peer of this.#voters()) peer.control?.send(message)
  }

  /** Takes a vote. */
  async voted(bytes: Uint8Array): Promise<void> {
    if (this.#stand !== undefined) await this.#count(this.#stand, bytes)
  }

  /** A voter did not vote, since it knows of a later epoch or of the host. */
  refused({ known }: AuthorityMessageOf<'noVote'>): void {
    this.#heardOf(known)
  }

  #heardOf(epoch: number): void {
    if (epoch <= this.#handlers.epoch() + mostEpochsAhead) this.#outbid = Math.max(this.#outbid, epoch)
  }

  #ask(now: number): void {
    const { record } = this.#session
    this.#probe = { number: ++this.#probes, since: now, agreed: new Set(), fitter: false }
    const message = {
      type: 'probe',
      probe: this.#probes,
      lastEpoch: record.epoch,
      length: record.length,
    } as const
    for (const peer of this.#voters()) peer.control?.send(message)
  }

  #decide(): void {
    const probe = this.#probe
    const now = this.#clock.now()
    if (probe === undefined || this.#stand !== undefined || now < this.#notBefore) return
    if (this.#handlers.silenceMs() < electionMs) return
    const counting = this.#counting()
    // A witness is not asked what it would do.
    const agreed = probe.agreed.size + (counting.witness === null ? 1 : 2)
    if (agreed < majorityOf(counting)) return
    if (probe.fitter && now - probe.since < deferMs + (electionMs - probeMs)) return
    const epoch = this.#nextEpoch()
    this.#probe = undefined
    // Set now: signing may take a moment, in which another answer may come.
    this.#notBefore = now + standMs
    this.stand(epoch, null).catch((error: unknown) => {
      this.#session.environment.logger.debug('Standing for host came to nothing.', { error })
    })
  }

  /**
   * One above all others, but the same where nothing has changed and only the witness can help: it repeats its vote, and gives
   * no other. A voter that is heard gives one in a later epoch.
   */
  #nextEpoch(): number {
    const { record } = this.#session
    const last = this.#lastVote
    const highest = Math.max(this.#handlers.epoch(), this.#outbid)
    const isSame = last?.number === record.length && last.epoch === highest
    return isSame && record.voters.witness !== null && !this.#hearsVoter() ? highest : highest + 1
  }

  #askWitness(stand: Stand): void {
    stand.askedWitness = true
    this.#handlers
      .grant(stand.vote)
      .then(
        (vote) => this.voted(vote),
        (error: unknown) => this.#session.environment.logger.debug('The witness gave no vote.', { error }),
      )
      .catch((error: unknown) => this.#session.environment.logger.debug('A vote was unfit.', { error }))
  }

  async #count(stand: Stand, bytes: Uint8Array): Promise<void> {
    const { environment } = this.#session
    const { voter, vote } = await openVote(environment, bytes)
    const voters = this.#counting()
    const mayVote =
      voterOf(voters, voter) !== undefined || (voters.witness !== null && equalBytes(voters.witness, voter))
    const fits =
      vote.epoch === stand.vote.epoch &&
      vote.number === stand.vote.number &&
      equalBytes(vote.previous, stand.vote.previous) &&
      equalBytes(vote.candidate, stand.vote.candidate)
    if (!mayVote || !fits || this.#stand !== stand) return environment.dropped.add('vote-unfit')
    stand.votes.set(toHex(voter), bytes)
    if (stand.votes.size < majorityOf(voters)) return
    this.stop()
    await this.#handlers.elected(stand.vote.epoch, stand.vote.number, [...stand.votes.values()])
  }

  /** Who votes, without those who were proven to vote twice. */
  #counting(): VoterSet {
    const { since, voters, witness } = this.#session.record.voters
    const cheats = this.#handlers.cheats()
    if (cheats.size === 0) return { since, voters, witness }
    return { since, voters: voters.filter(({ signKey }) => !cheats.has(toHex(signKey))), witness }
  }

  #retire(now: number): void {
    const [least, most] = retryMs
    this.#stand = undefined
    this.#probe = undefined
    this.#notBefore = now + least + this.#session.environment.random.next() * (most - least)
  }

  #hearsVoter(): boolean {
    const now = this.#clock.now()
    return this.#voters().some(
      ({ control }) => control !== undefined && now - control.link.heardAt < suspectedMs,
    )
  }

  #isVoter({ member }: Peer): boolean {
    return votesIn(this.#session.record.voters, member)
  }

  #voters(): Peer[] {
    return [...this.#session.peers()].filter((peer) => peer.admitted && this.#isVoter(peer))
  }
}
