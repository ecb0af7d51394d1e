import { BytesMap, ConvoyError, equalBytes } from '../core/index.ts'
import {
  deriveSessionId,
  entryDigest,
  envelopeOverheadOf,
  openEnvelope,
  peekEnvelope,
  signEnvelope,
} from '../identity/index.ts'
import { decodeMessage, encodeMessage } from '../protocol/index.ts'
import { checkElected } from './authority/election.ts'
import { differByOne, majorityOf, type VoterSet } from './authority/voters.ts'
import { entriesMessageBytes, entryLifetimeMs, recordBytes } from './constants.ts'
import { opening, type SessionEnvironment } from './environment.ts'
import { checkAsked } from './moderation/requests.ts'
import { entrySchema, type Change, type Entry } from './recordEntries.ts'
import { RecordState } from './recordState.ts'

/** An entry that this peer holds: signed by the host of its epoch, and fitting those before it. */
export interface HeldEntry {
  readonly number: number
  readonly epoch: number
  readonly change: Change
  /** When the host decided it, ms since the Unix epoch on the host's clock. */
  readonly at: number
  /** Who signed it. */
  readonly signKey: Uint8Array
  readonly bytes: Uint8Array
  /** What the next entry names as the one before it. */
  readonly digest: Uint8Array
}

/** An entry that was committed and applied. */
export type AppliedEntry = HeldEntry

/** Something that holds from an entry on. */
interface Since<T> {
  readonly number: number
  readonly value: T
}

/**
 * What the hosts decided, as numbered entries, each signed by the host of its epoch and holding the digest of the one
 * before. Every member holds it all, so that any of them can prove it and go on from it. Entries are held first, and
 * have an effect once they are committed; who votes and who is host counts from when it is held.
 */
export class SessionRecord {
  readonly sessionId: Uint8Array
  readonly #environment: SessionEnvironment
  readonly #entries: HeldEntry[] = []
  /** By their digests. */
  readonly #known = new BytesMap<HeldEntry>()
  /** Numbers of committed entries that have no effect. */
  readonly #void = new Set<number>()
  readonly #voters: Since<VoterSet>[] = []
  readonly #hosts: Since<{ epoch: number; signKey: Uint8Array; votes: readonly Uint8Array[] }>[] = []
  #state = new RecordState()
  #committed = 0
  #bytes = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(sessionId: Uint8Array, environment: SessionEnvironment) {
    this.sessionId = sessionId
    this.#environment = environment
  }

  /** What the committed entries add up to. */
  get state(): RecordState {
    return this.#state
  }

  /** How many entries are held; also the number of the next. */
  get length(): number {
    return this.#entries.length
  }

  /** How many of them are committed, from the first on. */
  get committed(): number {
    return this.#committed
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.#bytes
  }

  /** The entries as they were signed. */
  get entries(): readonly Uint8Array[] {
    return this.#entries.map(({ bytes }) => bytes)
  }

  /** Epoch of the newest entry held. */
  get epoch(): number {
    return this.#entries.at(-1)?.epoch ?? 0
  }

  /** Sign key of the host of {@link SessionRecord.epoch}; undefined in an empty record. */
  get hostKey(): Uint8Array | undefined {
    return this.#hosts.at(-1)?.value.signKey
  }

  /** Sign key of the host of `epoch`, as far as it is held. */
  hostOf(epoch: number): Uint8Array | undefined {
    return this.#hosts.find(({ value }) => value.epoch === epoch)?.value.signKey
  }

  /** The votes that made the host of `epoch`; none for the founder. */
  votesOf(epoch: number): readonly Uint8Array[] {
    return this.#hosts.find(({ value }) => value.epoch === epoch)?.value.votes ?? []
  }

  /** Who votes now. */
  get voters(): VoterSet {
    return this.votersAt(this.length)
  }

  /** Who confirms what they hold: who votes and, until that is committed, who voted before them. */
  get confirming(): Pick<VoterSet, 'voters'> {
    const { voters } = this.voters
    const { votersSince } = this
    if (votersSince < this.#committed) return { voters }
    return { voters: [...voters, ...this.votersAt(votersSince).voters] }
  }

  /** Number of the entry that named those who vote now. */
  get votersSince(): number {
    return this.#voters.at(-1)?.number ?? 0
  }

  /** Number of the entry that the present epoch began with. */
  get epochSince(): number {
    return this.#hosts.at(-1)?.number ?? 0
  }

  /** Who voted before the entry with `number`. */
  votersAt(number: number): VoterSet {
    return (
      this.#voters.findLast((since) => since.number < number)?.value ?? {
        since: 0,
        voters: [],
        witness: null,
      }
    )
  }

  /** Digest of the first `length` entries: what the entry with that number names as `previous`. */
  digestAt(length: number): Uint8Array | undefined {
    return length === 0 ? new Uint8Array(32) : this.#entries[length - 1]?.digest
  }

  /** Whether the record has this very entry. */
  has(bytes: Uint8Array): boolean {
    return this.#known.has(entryDigest(bytes))
  }

  entry(number: number): HeldEntry | undefined {
    return this.#entries[number]
  }

  /**
   * Signs and holds a decision of this peer, the host; where nobody else votes it is committed as well.
   * @param epoch - a new one for `elected`, else the present.
   * @throws ConvoyError `invalid-argument` or `message-too-large` for a change that no entry can hold,
   * `message-malformed` for one that contradicts the state, `authority-moved` when another host's entry came meanwhile;
   * nothing has changed then.
   */
  append(change: Change, epoch?: number): Promise<HeldEntry> {
    return this.#inTurn(() => this.#append(change, epoch ?? this.epoch))
  }

  async #append(change: Change, epoch: number): Promise<HeldEntry> {
    const { identity, clock, random } = this.#environment
    const number = this.length
    const begins = change.type === 'founded' || change.type === 'elected'
    if (begins ? number > 0 && epoch <= this.epoch : !this.#isHost(epoch))
      throw new ConvoyError('authority-moved', 'Another host decides now. Ask it.')
    const previous = this.#previousOf(number)
    this.#checkState(change, number, identity.signKey, clock.wallTime())
    const entry: Entry = { sessionId: this.sessionId, epoch, number, previous, change }
    const body = encodeMessage(entrySchema, entry, entriesMessageBytes - envelopeOverheadOf({}))
    const bytes = await signEnvelope(
      identity,
      { purpose: 'entry', body, lifetimeMs: entryLifetimeMs },
      { clock, random },
    )
    // As everybody else reads it: what ends some time after it was decided ends at one time for all.
    const at = peekEnvelope(bytes)?.issuedAt ?? clock.wallTime()
    const held = this.#hold(entry, { bytes, digest: entryDigest(bytes), at, signKey: identity.signKey })
    if (majorityOf(this.voters) === 1 && !this.#isWitnessRelieved) this.commit(this.length)
    return held
  }

  /**
   * Checks and holds an entry, whoever handed it over ([REC-2]). Entries that are not committed give way to those of a
   * higher epoch.
   * @throws ConvoyError `message-replayed` for one that is held already, or was overtaken; `message-too-large`,
   * `message-malformed`, `message-unauthentic`, `message-misaddressed`, `message-expired`; `record-gap` when entries before it
   * are missing; `record-forked` when its host signed another one with this number. Nothing has changed then.
   */
  accept(bytes: Uint8Array): Promise<HeldEntry> {
    return this.#inTurn(() => this.#accept(bytes))
  }

  async #accept(bytes: Uint8Array): Promise<HeldEntry> {
    if (this.#bytes + bytes.length > recordBytes)
      throw new ConvoyError('message-too-large', `A record has at most ${recordBytes} bytes.`)
    const digest = entryDigest(bytes)
    if (this.#known.has(digest))
      throw new ConvoyError('message-replayed', 'The entry is part of the record already.')
    const opened = await openEnvelope(bytes, {
      ...opening(this.#environment),
      purpose: 'entry',
      maxBytes: entriesMessageBytes,
    })
    const entry = decodeMessage(entrySchema, opened.body, entriesMessageBytes)
    if (!equalBytes(entry.sessionId, this.sessionId))
      throw new ConvoyError('message-misaddressed', 'The entry belongs to another session.')
    this.#checkPlace(entry, opened.signKey)
    await this.#checkAuthor(entry, opened.signKey)
    const addressee = { sessionId: this.sessionId, host: opened.signKey }
    await checkAsked(this.#environment, addressee, entry.change, opened.issuedAt)
    if (entry.number === this.#committed)
      this.#checkState(entry.change, entry.number, opened.signKey, opened.issuedAt)
    this.#truncate(entry.number)
    return this.#hold(entry, { bytes, digest, at: opened.issuedAt, signKey: opened.signKey })
  }

  /** Applies what is held up to `count` entries from the first. What contradicts the state has no effect, for anybody. */
  commit(count: number): void {
    while (this.#committed < Math.min(count, this.length)) {
      const entry = this.#entries[this.#committed++]
      if (entry !== undefined) this.#apply(entry)
    }
  }

  /** Whether the entry with `number` is committed and has an effect. */
  hasEffect(number: number): boolean {
    return number < this.#committed && !this.#void.has(number)
  }

  /**
   * Takes back what was committed after the first `count` entries, since its epoch is void: one of its voters was proven
   * to have voted twice ([AUT-14]).
   */
  voidFrom(count: number): void {
    this.#committed = Math.min(this.#committed, count)
    this.#truncate(count)
    this.#state = new RecordState()
    this.#void.clear()
    for (const entry of this.#entries.slice(0, this.#committed)) this.#apply(entry)
  }

  /** Entries are signed and checked one after the other: each refers to the one before. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task)
    this.#last = done.catch(() => undefined)
    return done
  }

  /**
   * Whether a witness that the present voters no longer have could still elect another host: until those who voted with it
   * hold that they do no more ([AUT-15]).
   */
  get #isWitnessRelieved(): boolean {
    return this.votersSince >= this.#committed && this.votersAt(this.votersSince).witness !== null
  }

  #isHost(epoch: number): boolean {
    const { hostKey } = this
    return (
      epoch === this.epoch && hostKey !== undefined && equalBytes(hostKey, this.#environment.identity.signKey)
    )
  }

  #apply(entry: HeldEntry): void {
    try {
      this.#state.apply(entry.change, entry.number, entry.signKey, entry.at)
    } catch (error) {
      this.#void.add(entry.number)
      this.#environment.dropped.add('record-void')
      this.#environment.logger.warn('A committed entry contradicts the record.', { error })
    }
  }

  #previousOf(number: number): Uint8Array {
    return this.digestAt(number) ?? new Uint8Array(32)
  }

  #checkState(change: Change, number: number, signKey: Uint8Array, at: number): void {
    if ((change.type === 'founded') !== (number === 0))
      throw new ConvoyError('message-malformed', 'A record begins with its founding, and only there.')
    this.#state.check(change, signKey, at)
  }

  /** Whether the entry is next, or may take the place of one that is held. */
  #checkPlace(entry: Entry, signKey: Uint8Array): void {
    const held = this.#entries[entry.number]
    if (held === undefined) {
      if (entry.number > this.length)
        throw new ConvoyError('record-gap', `Entries before ${entry.number} are missing.`)
    } else if (entry.epoch === held.epoch && equalBytes(signKey, held.signKey)) {
      throw new ConvoyError('record-forked', `The host signed entry ${entry.number} twice.`)
    } else if (entry.epoch <= held.epoch || entry.number < this.#committed) {
      throw new ConvoyError('message-replayed', `Entry ${entry.number} was decided otherwise.`)
    }
    if (!equalBytes(entry.previous, this.#previousOf(entry.number)))
      throw new ConvoyError(
        entry.number === 0 ? 'message-malformed' : 'record-gap',
        `Entry ${entry.number} does not continue this record.`,
      )
  }

  /** Whether who signed the entry was host of its epoch. */
  async #checkAuthor({ change, epoch, number, previous }: Entry, signKey: Uint8Array): Promise<void> {
    const before = this.#entries[number - 1]
    if (change.type === 'founded' || before === undefined) return this.#checkFounding(change, epoch, signKey)
    if (change.type === 'elected') {
      if (epoch <= before.epoch)
        throw new ConvoyError('message-replayed', `Epoch ${epoch} is over: the record is at ${before.epoch}.`)
      if (!equalBytes(change.signKey, signKey))
        throw new ConvoyError('message-unauthentic', 'The entry of an elected host was signed by another.')
      const vote = { sessionId: this.sessionId, epoch, number, previous, candidate: signKey }
      return checkElected(this.#environment, vote, change, this.votersAt(number))
    }
    if (epoch !== before.epoch)
      throw new ConvoyError('message-malformed', 'An epoch begins with the election of its host.')
    const host = this.hostOf(epoch)
    if (host === undefined || !equalBytes(host, signKey))
      throw new ConvoyError('message-unauthentic', 'The entry was not signed by the host of its epoch.')
    if (change.type === 'voters') this.#checkVoters(change, number)
  }

  #checkVoters({ voters }: Extract<Change, { type: 'voters' }>, number: number): void {
    if (this.#environment.faults?.has('two-voters') === true) return
    if (!differByOne(this.votersAt(number).voters, voters))
      throw new ConvoyError('message-malformed', 'Voters change one at a time.')
  }

  #checkFounding(change: Change, epoch: number, signKey: Uint8Array): void {
    if (change.type !== 'founded')
      throw new ConvoyError('message-malformed', 'A record begins with its founding.')
    const derived = deriveSessionId(change.signKey, change.founderNonce)
    if (!equalBytes(derived, this.sessionId) || !equalBytes(change.signKey, signKey)) {
      throw new ConvoyError('message-unauthentic', 'The session was not founded by the key that says so.')
    }
    if (epoch !== 0) throw new ConvoyError('message-malformed', 'A session is founded in epoch 0.')
  }

  #hold(
    { epoch, number, change }: Entry,
    signed: Pick<HeldEntry, 'bytes' | 'digest' | 'at' | 'signKey'>,
  ): HeldEntry {
    const { at, signKey, bytes, digest } = signed
    const held = { number, epoch, change, at, signKey, bytes, digest }
    this.#entries.push(held)
    this.#known.set(digest, held)
    this.#bytes += bytes.length
    if (change.type === 'founded') {
      const { incarnation } = change
      this.#voters.push({
        number,
        value: { since: number, voters: [{ signKey, incarnation }], witness: null },
      })
      this.#hosts.push({ number, value: { epoch, signKey, votes: [] } })
    } else if (change.type === 'voters') {
      this.#voters.push({
        number,
        value: { since: number, voters: change.voters, witness: change.witness?.key ?? null },
      })
    } else if (change.type === 'elected') {
      this.#hosts.push({ number, value: { epoch, signKey, votes: change.votes } })
    }
    return held
  }

  /** Lets go of the entries from `length` on. */
  #truncate(length: number): void {
    for (const { bytes, digest } of this.#entries.splice(length)) {
      this.#bytes -= bytes.length
      this.#known.delete(digest)
    }
    while ((this.#voters.at(-1)?.number ?? -1) >= length) this.#voters.pop()
    while ((this.#hosts.at(-1)?.number ?? -1) >= length) this.#hosts.pop()
  }
}
