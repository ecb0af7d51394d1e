import type { SessionEnvironment } from '../environment.ts'
import { isSameVote, signVote, type Vote } from './vote.ts'

interface Cast {
  readonly vote: Vote
  readonly bytes: Promise<Uint8Array>
}

/**
 * The votes of this process: one in each epoch, and none in an epoch below one that it voted in ([AUT-7]). They need no
 * store: a process that starts anew is another voter.
 */
export class Ballot {
  readonly #environment: SessionEnvironment
  #last: Cast | undefined
  #castAt = 0
  /** Whether the last vote was given as a former incarnation. */
  #isFormer = false

  constructor(environment: SessionEnvironment) {
    this.#environment = environment
  }

  /** The highest epoch that this incarnation voted in; 0 where in none. */
  get epoch(): number {
    return this.#isFormer ? 0 : this.spent
  }

  /** The highest epoch that it has no vote for any more, those of former incarnations included. */
  get spent(): number {
    return this.#last?.vote.epoch ?? 0
  }

  /** This process is another voter from now on: what it promised by its votes died with the former one. */
  renew(): void {
    this.#isFormer = this.#last !== undefined
  }

  /** How long ago this process voted in an epoch above `epoch`, ms; 0 where it did not. */
  sinceVoteAbove(epoch: number): number {
    return this.epoch > epoch ? this.#environment.clock.now() - this.#castAt : 0
  }

  /** The vote that `vote` asks for; undefined where another was given in that epoch, or one in a later epoch. */
  async cast(vote: Vote): Promise<Uint8Array | undefined> {
    const last = this.#last
    if (last !== undefined && last.vote.epoch >= vote.epoch) {
      return isSameVote(last.vote, vote) ? last.bytes : undefined
    }
    this.#castAt = this.#environment.clock.now()
    // Promised before it is signed: a second request must not come in between.
    this.#isFormer = false
    this.#last = { vote, bytes: signVote(this.#environment, vote) }
    return this.#last.bytes
  }
}
