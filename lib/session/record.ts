import { BytesMap, ConvoyError, equalBytes } from '../core/index.ts'
import { entryDigest, majorityOf } from '../identity/index.ts'
import { AuthorityLine } from './authority/authorityLine.ts'
import { noVoters, type VoterSet } from './authority/voters.ts'
import { recordBytes } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import { openEntry, signEntry, type Decision, type HeldEntry } from './heldEntry.ts'
import { checkAsked } from './moderation/requests.ts'
import { checkAuthor, checkFounding, checkPlace } from './recordChecks.ts'
import type { Change } from './recordEntries.ts'
import { RecordState } from './recordState.ts'
import { openBundle, type OpenedBundle } from './snapshot/bundle.ts'
import { newsBetween } from './snapshot/news.ts'
import { Snapshots, type CommittedSnapshot, type SnapshotSource } from './snapshot/snapshots.ts'

export type { Decision, HeldEntry } from './heldEntry.ts'

/** An entry that was committed and applied. */
export type AppliedEntry = HeldEntry

/**
 * What the hosts decided, as numbered entries, each signed by the host of its epoch and holding the digest of the one
 * before. Every member holds it, so that any of them can prove it and go on from it: all of it, or a snapshot and what
 * follows. Entries are held first, and have an effect once they are committed; who votes and who is host counts from when it
 * is held.
 */
export class SessionRecord {
  readonly sessionId: Uint8Array
  readonly #environment: SessionEnvironment
  /** Those from {@link SessionRecord.first} on. */
  readonly #entries: HeldEntry[] = []
  /** By their digests. */
  readonly #known = new BytesMap<HeldEntry>()
  /** Numbers of committed entries that have no effect. */
  readonly #void = new Set<number>()
  /** Of each epoch that is void, the number from which on it is. */
  readonly #voidSince = new Map<number, number>()
  #line = new AuthorityLine()
  readonly #snapshots = new Snapshots()
  #state = new RecordState()
  #first = 0
  /** Digest of the entry before the first. */
  #base: Uint8Array = new Uint8Array(32)
  #committed = 0
  #bytes = 0
  /** Of those up to the newest snapshot. */
  #settledBytes = 0
  /** The state that listeners know, where a snapshot took its place, and what they do not know of that yet. */
  #superseded: RecordState | undefined
  #news: readonly Decision[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(sessionId: Uint8Array, environment: SessionEnvironment) {
    this.sessionId = sessionId
    this.#environment = environment
  }

  /** What the committed entries add up to. */
  get state(): RecordState {
    return this.#state
  }

  /** How many entries there are; also the number of the next. */
  get length(): number {
    return this.#first + this.#entries.length
  }

  /** How many of them are committed, from the founding on. */
  get committed(): number {
    return this.#committed
  }

  /** Number of the first entry of those that are all held: what was before it is known by its snapshot. */
  get first(): number {
    return this.#first
  }

  /** Bytes of the entries that are held. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of those that follow the newest snapshot, or all where there is none. */
  get tailBytes(): number {
    return this.#bytes - this.#settledBytes
  }

  /** The entries that are held, as they were signed. */
  get entries(): readonly Uint8Array[] {
    return this.#entries.map(({ bytes }) => bytes)
  }

  /** Epoch of the newest entry held. */
  get epoch(): number {
    return this.#line.host?.epoch ?? 0
  }

  /** Sign key of the host of {@link SessionRecord.epoch}; undefined in an empty record. */
  get hostKey(): Uint8Array | undefined {
    return this.#line.host?.signKey
  }

  /** Sign key of the host of `epoch`, as far as it is known. */
  hostOf(epoch: number): Uint8Array | undefined {
    return this.#line.hostOf(epoch)?.signKey
  }

  /** The votes that made the host of `epoch`; none for the founder. */
  votesOf(epoch: number): readonly Uint8Array[] {
    return this.#line.votesOf(epoch)
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
    return this.#line.votersSince
  }

  /** Number of the entry that the present epoch began with. */
  get epochSince(): number {
    return this.#line.host?.number ?? 0
  }

  /** Who voted before the entry with `number`. */
  votersAt(number: number): VoterSet {
    return this.#line.votersAt(number) ?? noVoters
  }

  /** The entries that show who decides and who votes, without those that do not matter to it any more. */
  get authorityEntries(): readonly HeldEntry[] {
    return this.#line.upTo(this.length)
  }

  /** Digest of the first `length` entries: what the entry with that number names as `previous`. */
  digestAt(length: number): Uint8Array | undefined {
    return length === this.#first ? this.#base : this.#entries[length - 1 - this.#first]?.digest
  }

  /** Whether the record holds this very entry. */
  has(bytes: Uint8Array): boolean {
    return this.#known.has(entryDigest(bytes))
  }

  /** The entry with `number`, where it is held: those from the first on, and others that show who decides. */
  entry(number: number): HeldEntry | undefined {
    return this.#entries[number - this.#first] ?? this.#line.entry(number)
  }

  /** The newest snapshot that is committed; undefined where there is none. */
  get snapshot(): CommittedSnapshot | undefined {
    return this.#snapshots.newest
  }

  /** What somebody needs who has none of the entries up to the newest snapshot; undefined where there is none. */
  bundle(): Uint8Array | undefined {
    return this.#snapshots.bundle(this.#line)
  }

  /**
   * A snapshot of everything that is held, as it will be once that is committed ([REC-8]); undefined where the state is larger
   * than a snapshot can be.
   */
  nextSnapshot(): Change | undefined {
    return this.#snapshots.next(this.#sourceAt(this.length))
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
    const { identity, clock } = this.#environment
    const number = this.length
    const begins = change.type === 'founded' || change.type === 'elected'
    if (begins ? number > 0 && epoch <= this.epoch : !this.#isHost(epoch))
      throw new ConvoyError('authority-moved', 'Another host decides now. Ask it.')
    const previous = this.digestAt(number) ?? new Uint8Array(32)
    this.#checkState(change, number, identity.signKey, clock.wallTime())
    const entry = { sessionId: this.sessionId, epoch, number, previous, change }
    const held = await signEntry(this.#environment, entry)
    this.#hold(held)
    if (majorityOf(this.voters) === 1 && !this.#isWitnessRelieved) this.commit(this.length)
    return held
  }

  /**
   * Checks and holds an entry, whoever handed it over ([REC-2]). Entries that are not committed give way to those of a
   * higher epoch.
   * @throws ConvoyError `message-replayed` for one that is held already, or was overtaken; `message-too-large`,
   * `message-malformed`, `message-unauthentic`, `message-misaddressed`, `message-expired`; `record-gap` when entries before it
   * are missing; `record-forked` when its host signed another one with this number, `record-unlawful` for one that no host may
   * sign. Nothing has changed then.
   */
  accept(bytes: Uint8Array): Promise<HeldEntry> {
    return this.#inTurn(() => this.#accept(bytes))
  }

  async #accept(bytes: Uint8Array): Promise<HeldEntry> {
    if (this.#bytes + bytes.length > recordBytes)
      throw new ConvoyError('message-too-large', `A record holds at most ${recordBytes} bytes.`)
    if (this.has(bytes)) throw new ConvoyError('message-replayed', 'The entry is part of the record already.')
    const entry = await openEntry(this.#environment, this.sessionId, bytes)
    const { number, change, signKey, at } = entry
    if (number >= (this.#voidSince.get(entry.epoch) ?? Infinity))
      throw new ConvoyError('message-replayed', `What was decided in epoch ${entry.epoch} is void.`)
    checkPlace(this, entry)
    if (number === 0) checkFounding(entry, this.sessionId)
    else await checkAuthor(this.#environment, this.sessionId, this.#line, entry)
    await checkAsked(this.#environment, { sessionId: this.sessionId, host: signKey }, change, at)
    if (number === this.#committed || change.type === 'snapshot')
      this.#checkState(change, number, signKey, at)
    this.#truncate(number)
    this.#hold(entry)
    return entry
  }

  /** Applies what is held up to `count` entries from the founding. What contradicts the state has no effect, for anybody. */
  commit(count: number): void {
    while (this.#committed < Math.min(count, this.length)) {
      const entry = this.#entries[this.#committed++ - this.#first]
      if (entry !== undefined) this.#apply(entry)
    }
  }

  /** Whether the entry with `number` is committed and has an effect. */
  hasEffect(number: number): boolean {
    return number < this.#committed && !this.#void.has(number)
  }

  /**
   * Takes over a snapshot in place of what is held, where it is beyond what is committed here ([REC-12]).
   * @param host - sign key of who handed it over: of who decides, or nobody says that it was committed.
   * @param leastEpoch - what was decided in an epoch below this one is not taken over ([AUT-9]); asked once the snapshot was
   * checked, since this peer may vote meanwhile.
   * @throws ConvoyError `message-unauthentic` where another one decides; `record-forked`, and what `openBundle` throws. Nothing has
   * changed then.
   */
  install(bundle: Uint8Array, host: Uint8Array, leastEpoch = (): number => this.epoch): Promise<void> {
    return this.#inTurn(() => this.#install(bundle, host, leastEpoch))
  }

  async #install(bundle: Uint8Array, host: Uint8Array, leastEpoch: () => number): Promise<void> {
    const own = { line: this.#line, committed: this.#committed, digest: this.digestAt(this.#committed) }
    const opened = await openBundle(bundle, this.#environment, this.sessionId, own)
    // More may have been committed meanwhile.
    if (opened === undefined || opened.snapshot.number < this.#committed) return
    if (!equalBytes(opened.host.signKey, host) || opened.host.epoch < leastEpoch())
      throw new ConvoyError('message-unauthentic', 'The snapshot was handed over by another than its host.')
    if (own.committed > 0) this.#superseded ??= this.#state
    if (this.#superseded !== undefined)
      this.#news = newsBetween(this.#superseded, opened.state, opened.snapshot)
    this.#adopt(opened)
  }

  #adopt({ snapshot, line, state, stateBytes, epochStateBytes }: OpenedBundle): void {
    const { number, previous } = snapshot
    this.#truncate(this.#first)
    this.#void.clear()
    this.#line = line
    this.#state = state
    this.#first = number
    this.#base = previous
    this.#hold(snapshot)
    this.#committed = number + 1
    this.#snapshots.begin(
      { entry: snapshot, state: stateBytes, epochState: epochStateBytes },
      line.host?.number ?? 0,
    )
    this.#settle()
  }

  /** What a snapshot brought that listeners know nothing of; nothing where none took the place of what they know. */
  takeNews(): readonly Decision[] {
    const news = this.#news
    this.#superseded = undefined
    this.#news = []
    return news
  }

  /**
   * Lets go of entries that nobody needs any more: those before the last snapshot but one ([REC-13]). Who decided and who voted
   * stays known.
   */
  trim(): void {
    const number = this.#snapshots.former?.entry.number ?? 0
    if (number <= this.#first) return
    const gone = this.#entries.splice(0, number - this.#first)
    this.#forget(gone)
    this.#base = gone.at(-1)?.digest ?? this.#base
    this.#first = number
    this.#line.trim(number)
    for (const each of this.#void) if (each < number) this.#void.delete(each)
    this.#settle()
  }

  /**
   * Takes back what was decided in `epoch`, committed or not, from the entry with number `count` on, and takes no such entry any
   * more: it was proven that a voter voted twice, or that the host broke its word ([AUT-14], [AUT-16]). What is before a snapshot
   * of a former epoch can't be taken back.
   */
  voidFrom(count: number, epoch: number): void {
    this.#voidSince.set(epoch, Math.min(count, this.#voidSince.get(epoch) ?? Infinity))
    if (count >= this.#committed) return this.#truncate(count)
    const state = this.#stateAfter(count)
    const next = this.entry(count)
    if (state === undefined || next === undefined) return this.#environment.dropped.add('void-too-late')
    this.#truncate(count)
    this.#snapshots.truncate(count)
    this.#base = count < this.#first ? next.previous : this.#base
    this.#first = Math.min(this.#first, count)
    this.#committed = count
    this.#state = state
    for (const each of this.#void) if (each >= count) this.#void.delete(each)
    this.#settle()
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
    const { change, number, signKey, at } = entry
    try {
      if (change.type === 'elected') this.#snapshots.epochBegins(this.#state, this.#line, number)
      if (change.type === 'snapshot') this.#checkState(change, number, signKey, at)
      this.#state.apply(change, number, signKey, at)
      if (change.type !== 'snapshot') return
      this.#snapshots.committed(entry, this.#sourceAt(number))
      this.#settle()
    } catch (error) {
      this.#void.add(number)
      this.#environment.dropped.add('record-void')
      this.#environment.logger.warn('A committed entry contradicts the record.', { error })
    }
  }

  /** The state after the first `count` entries; undefined where too few of them are held. */
  #stateAfter(count: number): RecordState | undefined {
    const base = this.#snapshots.stateBefore(count) ?? { number: 0, state: new RecordState() }
    if (base.number === count) return base.state
    if (base.number < this.#first) return undefined
    for (const { change, number, signKey, at } of this.#entries.slice(
      base.number - this.#first,
      count - this.#first,
    ))
      if (!this.#void.has(number)) base.state.apply(change, number, signKey, at)
    return base.state
  }

  #checkState(change: Change, number: number, signKey: Uint8Array, at: number): void {
    if ((change.type === 'founded') !== (number === 0))
      throw new ConvoyError('message-malformed', 'A record begins with its founding, and only there.')
    if (change.type === 'snapshot') this.#snapshots.check(change, this.#sourceAt(number))
    this.#state.check(change, signKey, at)
  }

  /** What a snapshot with `number` is of. */
  #sourceAt(number: number): SnapshotSource {
    const from = Math.min(this.#committed, number)
    return {
      state: this.#state,
      line: this.#line,
      pending: this.#entries.slice(from - this.#first, number - this.#first),
      number,
      previous: this.digestAt(number) ?? new Uint8Array(32),
    }
  }

  #hold(held: HeldEntry): void {
    this.#entries.push(held)
    this.#known.set(held.digest, held)
    this.#bytes += held.bytes.length
    this.#line.push(held)
  }

  /** Lets go of the entries from `length` on. */
  #truncate(length: number): void {
    this.#forget(this.#entries.splice(Math.max(0, length - this.#first)))
    this.#line.truncate(length)
  }

  /** Reckons anew what is behind the newest snapshot. */
  #settle(): void {
    const count = this.snapshot === undefined ? 0 : this.snapshot.entry.number + 1 - this.#first
    this.#settledBytes = this.#entries.slice(0, count).reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  #forget(entries: readonly HeldEntry[]): void {
    for (const { bytes, digest } of entries) {
      this.#bytes -= bytes.length
      this.#known.delete(digest)
    }
  }
}
