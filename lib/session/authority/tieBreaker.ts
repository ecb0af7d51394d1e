import { ConvoyError, equalBytes, isConvoyError, type Clock } from '../../core/index.ts'
import {
  peekEnvelope,
  sealMessage,
  witnessSecretBytes,
  witnessSecretHash,
  type Voters,
} from '../../identity/index.ts'
import type { Witness } from '../../rendezvous/index.ts'
import type { HeldEntry } from '../record.ts'
import type { Session } from '../session.ts'
import { witnessCheckMs, witnessLookMs } from './constants.ts'
import type { Vote } from './vote.ts'
import type { Voter, VoterSet } from './voters.ts'

/** Which witness it is. */
type WitnessName = Pick<Witness, 'key' | 'boot'>

/** How the witness of two voters is found, named, told and asked ([WIT-1] to [WIT-6]). */
export class TieBreaker {
  readonly #session: Session
  readonly #clock: Clock
  readonly #abort = new AbortController()
  #offered: WitnessName | undefined
  /** Whether the witness that is named has forgotten the voters. */
  #isForgotten = false
  #busy = false
  #lookedAt = -Infinity
  #checkedAt = -Infinity

  constructor(session: Session) {
    this.#session = session
    this.#clock = session.environment.clock
  }

  /** Whether there is a witness that a host could name. */
  get isOffered(): boolean {
    return this.#offered !== undefined
  }

  /** Whether two may go on voting: with the witness that they have, as far as this peer knows, or with another. */
  get isThere(): boolean {
    return this.isOffered || (this.#named() !== undefined && !this.#isForgotten)
  }

  get isClosed(): boolean {
    return this.#abort.signal.aborted
  }

  /** Looks for a witness, where none is known; makes sure that the one that is named still knows the voters. */
  look(): void {
    if (this.#busy || this.#session.environment.witnesses === undefined) return
    const now = this.#clock.now()
    const named = this.#named()
    if (named !== undefined) {
      if (now - this.#checkedAt < witnessCheckMs) return
      this.#checkedAt = now
      this.#begin(() => this.register(named))
    } else if (this.#offered === undefined && now - this.#lookedAt >= witnessLookMs) {
      this.#lookedAt = now
      this.#begin(async () => {
        this.#offered = await this.#use((witnesses) => Promise.resolve(witnesses[0]))
        this.#isForgotten = false
      })
    }
  }

  /** What the `voters` entry says of the witness. */
  nominate(voters: readonly Voter[]): Voters['witness'] {
    const witness = this.#offered
    const { record, environment } = this.#session
    if (witness === undefined) return null
    const secrets = voters.map(() => environment.random.bytes(witnessSecretBytes))
    const sealed = voters.map(({ signKey }, index) => {
      const member = record.state.member(signKey)
      const secret = secrets[index]
      if (member === undefined || secret === undefined)
        throw new ConvoyError('invalid-argument', 'A voter is no member.')
      return sealMessage(member.boxKey, secret, environment.random)
    })
    const { key, boot } = witness
    return { key, boot, secretHashes: secrets.map(witnessSecretHash), secrets: sealed }
  }

  /** Makes the voters that `entry` names known to their witness. */
  async register(entry: HeldEntry): Promise<void> {
    const witness = witnessIn(entry)
    const { record } = this.#session
    if (witness === null) return
    const { sessionId } = record
    this.#checkedAt = this.#clock.now()
    try {
      await this.#ask(witness, (each) =>
        each.register(
          { sessionId, config: entry.digest, secretHashes: witness.secretHashes },
          this.#abort.signal,
        ),
      )
    } catch (error) {
      // It restarted: it can't vote for these voters any more, and another has to be named.
      if (isConvoyError(error, 'session-not-found')) {
        this.#offered = undefined
        this.#isForgotten = true
      }
      throw error
    }
  }

  /**
   * Asks the witness for its vote.
   * @throws ConvoyError what `Witness.grant` throws; `not-permitted` where this peer has no secret.
   */
  async grant(vote: Vote): Promise<Uint8Array> {
    const entry = this.#named()
    const { environment, record } = this.#session
    const witness = entry === undefined ? null : witnessIn(entry)
    if (entry === undefined || witness === null)
      throw new ConvoyError('not-permitted', 'These voters have no witness.')
    const index = record.voters.voters.findIndex(({ signKey }) =>
      equalBytes(signKey, environment.identity.signKey),
    )
    const sealed = witness.secrets[index]
    const secret = sealed === undefined ? undefined : environment.identity.unseal(sealed)
    if (secret === undefined)
      throw new ConvoyError('not-permitted', 'The witness knows no secret of this peer.')
    return this.#ask(witness, (each) =>
      each.grant({ config: entry.digest, secret, vote }, this.#abort.signal),
    )
  }

  /**
   * Whether the present epoch began with the vote of the witness of `set`: it stands for one voter until it ends. A vote is
   * worth nothing for voters that were named after it, though their witness be the same.
   */
  hasVoted({ since, witness }: VoterSet): boolean {
    const { record } = this.#session
    if (witness === null || since >= record.epochSince) return false
    return record.votesOf(record.epoch).some((vote) => {
      const signKey = peekEnvelope(vote)?.signKey
      return signKey !== undefined && equalBytes(signKey, witness)
    })
  }

  /** Gives up what is under way. Idempotent. */
  close(): void {
    this.#abort.abort(new ConvoyError('closed', 'The session is closed.'))
  }

  #begin(task: () => Promise<unknown>): void {
    this.#busy = true
    task()
      .catch((error: unknown) =>
        this.#session.environment.logger.debug('The witness was not reached.', { error }),
      )
      .finally(() => (this.#busy = false))
  }

  /** The entry that names the present voters, where it names a witness. */
  #named(): HeldEntry | undefined {
    const { record } = this.#session
    const entry = record.entry(record.votersSince)
    return entry !== undefined && witnessIn(entry) !== null ? entry : undefined
  }

  #ask<T>(name: WitnessName, ask: (witness: Witness) => Promise<T>): Promise<T> {
    return this.#use((witnesses) => {
      const witness = witnesses.find(
        ({ key, boot }) => equalBytes(key, name.key) && equalBytes(boot, name.boot),
      )
      if (witness !== undefined) return ask(witness)
      const gone = witnesses.length > 0
      throw new ConvoyError(
        gone ? 'session-not-found' : 'rendezvous-unreachable',
        gone
          ? 'The witness of this session restarted.'
          : 'No rendezvous that could tell of the witness answers.',
      )
    })
  }

  #use<T>(use: (witnesses: readonly Witness[]) => Promise<T>): Promise<T> {
    const { environment } = this.#session
    if (environment.witnesses === undefined)
      return Promise.reject(new ConvoyError('rendezvous-unreachable', 'No rendezvous is known.'))
    return environment.witnesses(use, this.#abort.signal)
  }
}

function witnessIn({ change }: HeldEntry): Voters['witness'] {
  return change.type === 'voters' ? change.witness : null
}
