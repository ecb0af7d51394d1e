import { equalBytes } from '../../core/index.ts'
import type { Peer } from '../peer.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'
import type { Ballot } from './ballot.ts'
import { mostEpochsAhead, suspectedMs } from './constants.ts'
import { handNewest } from './handEntries.ts'
import { standingOf } from './standing.ts'
import { openVote } from './vote.ts'

/** What a voter goes by. */
export interface VotingFacts {
  /** The highest epoch seen. */
  epoch(): number
  /** Whether this peer votes as the record stands. */
  votes(): boolean
  /** How long the host was not heard, ms. */
  silenceMs(): number
  /** This peer gave its vote. */
  voted(): void
  /** `peer` holds entries that this one lacks. */
  lacks(peer: Peer): void
}

/** How a voter answers those who want to be host. */
export class Voting {
  readonly #session: Session
  readonly #ballot: Ballot
  readonly #around: VotingFacts

  constructor(session: Session, ballot: Ballot, around: VotingFacts) {
    this.#session = session
    this.#ballot = ballot
    this.#around = around
  }

  /** How far a record that ends like this is ahead of this peer's: below zero where it is older, above where it has more entries. */
  #ahead({ lastEpoch, length }: { lastEpoch: number; length: number }): number {
    const { record } = this.#session
    return lastEpoch === record.epoch ? length - record.length : lastEpoch - record.epoch
  }

  /** Whether a candidate says that its last entry is of another epoch than it is: so its record would pass for newer. */
  #isFalse({ lastEpoch, length, digest }: AuthorityMessageOf<'stand'>): boolean {
    const { record } = this.#session
    const own = record.digestAt(length)
    const last = record.entry(length - 1)
    return own !== undefined && equalBytes(own, digest) && last !== undefined && last.epoch !== lastEpoch
  }

  /** Answers who asks whether this peer would vote for it ([AUT-5]). */
  answerProbe(peer: Peer, message: AuthorityMessageOf<'probe'>): void {
    const ahead = this.#ahead(message)
    const agrees = this.#around.votes() && this.#around.silenceMs() >= suspectedMs && ahead >= 0
    const standing = standingOf(this.#session)
    const { probe } = message
    peer.control?.send({ type: 'probed', probe, agrees, standing, epoch: this.#around.epoch() })
    if (ahead < 0) handNewest(this.#session.record, peer, this.#around.epoch())
    // What it has more may make this peer a voter, or none.
    else if (ahead > 0) this.#around.lacks(peer)
  }

  /** Votes for who stands for host, or says why not ([AUT-7]). */
  async answerStand(peer: Peer, message: AuthorityMessageOf<'stand'>): Promise<void> {
    const { record } = this.#session
    const { epoch, length, digest, consent } = message
    const candidate = peer.member.signKey
    const refuse = (): void => {
      const known = Math.max(this.#around.epoch(), this.#ballot.spent)
      peer.control?.send({ type: 'noVote', epoch, known })
    }
    if (epoch > this.#around.epoch() + mostEpochsAhead) return refuse()
    if (this.#isFalse(message)) {
      this.#session.environment.dropped.addFrom(peer.member.id, 'stand-false')
      return refuse()
    }
    const ahead = this.#ahead(message)
    if (ahead < 0) {
      refuse()
      // It would stand again and again, and fence off whoever is host.
      return handNewest(record, peer, Math.max(epoch, this.#around.epoch()))
    }
    if (!this.#around.votes()) {
      if (ahead > 0) this.#around.lacks(peer)
      return refuse()
    }
    const agreed = consent !== null && (await this.isConsent(consent, epoch, candidate))
    if (!agreed && this.#around.silenceMs() < suspectedMs) return refuse()
    if (epoch <= record.epoch) return refuse()
    const { sessionId } = record
    const vote = await this.#ballot.cast({ sessionId, epoch, number: length, previous: digest, candidate })
    if (vote === undefined) return refuse()
    this.#around.voted()
    peer.control?.send({ type: 'vote', vote })
  }

  /** Whether the host that this peer follows voted for the candidate. */
  async isConsent(consent: Uint8Array, epoch: number, candidate: Uint8Array): Promise<boolean> {
    const { environment, record } = this.#session
    const { voter, vote } = await openVote(environment, consent)
    return (
      record.hostKey !== undefined &&
      equalBytes(voter, record.hostKey) &&
      vote.epoch === epoch &&
      equalBytes(vote.candidate, candidate) &&
      equalBytes(vote.sessionId, record.sessionId)
    )
  }
}
