import { ConvoyError, equalBytes, isConvoyError } from '../../core/index.ts'
import type { AuthorityLine, RecordedAuthority } from '../authority/authorityLine.ts'
import type { HeldEntry } from '../heldEntry.ts'
import { RecordState } from '../recordState.ts'
import { encodeBundle } from './bundle.ts'
import type { SnapshotChange } from './snapshotChange.ts'
import { decodeState, digestOfState, encodeState } from './stateBytes.ts'

/** What the entries before one with `number` add up to. */
export interface StateAt {
  readonly number: number
  readonly bytes: Uint8Array
}

/** A snapshot that is committed. */
export interface CommittedSnapshot {
  readonly entry: HeldEntry
  readonly state: Uint8Array
  /** As of the beginning of its epoch; null in epoch 0. */
  readonly epochState: Uint8Array | null
}

/** A record, as far as a snapshot of it goes. */
export interface SnapshotSource {
  readonly state: RecordState
  readonly line: AuthorityLine
  /** Entries that are held, and not applied to the state yet. */
  readonly pending: readonly HeldEntry[]
  /** Number, and digest of the entry before, that the snapshot would have. */
  readonly number: number
  readonly previous: Uint8Array
}

/** The states behind a snapshot, as it has to name them. */
interface Expected {
  readonly state: Uint8Array
  readonly epochState: Uint8Array | null
}

/** The last snapshots of a record, and the state to which a void epoch goes back. */
export class Snapshots {
  /** Two at most, the newer one last. */
  readonly #committed: CommittedSnapshot[] = []
  #epoch: StateAt | undefined
  /** What was reckoned last: a snapshot is made, checked and committed one after the other. */
  #reckoned: { readonly previous: Uint8Array; readonly expected: Expected } | undefined

  get newest(): CommittedSnapshot | undefined {
    return this.#committed.at(-1)
  }

  /** The one before the newest. */
  get former(): CommittedSnapshot | undefined {
    return this.#committed.at(-2)
  }

  /** The snapshot of what is decided; undefined where that is larger than a snapshot can be. */
  next(source: SnapshotSource): SnapshotChange | undefined {
    try {
      const { state, epochState } = this.#expected(source)
      return {
        type: 'snapshot',
        state: nameOf(state),
        epochState: epochState === null ? null : nameOf(epochState),
      }
    } catch (error) {
      if (isConvoyError(error, 'message-too-large')) return undefined
      throw error
    }
  }

  /** @throws ConvoyError `message-malformed` where a snapshot is of another state than that of this record ([REC-8]). */
  check(change: SnapshotChange, source: SnapshotSource): void {
    const { state, epochState } = this.#expected(source)
    const isEpochs =
      epochState === null ? change.epochState === null : isNamed(change.epochState, nameOf(epochState))
    if (!isEpochs || !isNamed(change.state, nameOf(state)))
      throw new ConvoyError(
        'message-malformed',
        'The snapshot is not of what the entries before it add up to.',
      )
  }

  /** A snapshot was committed that had been checked. */
  committed(entry: HeldEntry, source: SnapshotSource): void {
    this.#committed.push({ entry, ...this.#expected(source) })
    if (this.#committed.length > 2) this.#committed.shift()
  }

  /** An epoch begins after this state. */
  epochBegins(state: RecordState, line: AuthorityLine, number: number): void {
    this.#epoch = { number, bytes: encodeState(state, authorityAt(line, number)) }
  }

  /** The newest state that is known of before the entry with `count`, or of just there; undefined where there is none. */
  stateBefore(count: number): { number: number; state: RecordState } | undefined {
    const known = this.#committed.map(({ entry, state }) => ({ number: entry.number, bytes: state }))
    if (this.#epoch !== undefined) known.push(this.#epoch)
    const [newest] = known.filter(({ number }) => number <= count).sort((a, b) => b.number - a.number)
    return newest && { number: newest.number, state: decodeState(newest.bytes).state }
  }

  /** Everything of before is given up for a snapshot that was handed over. */
  begin(snapshot: CommittedSnapshot, epochNumber: number): void {
    this.#committed.splice(0, this.#committed.length, snapshot)
    const { epochState } = snapshot
    this.#epoch = epochState === null ? undefined : { number: epochNumber, bytes: epochState }
  }

  /** Forgets what came after the first `count` entries, with the epoch that they were of. */
  truncate(count: number): void {
    while ((this.newest?.entry.number ?? -1) >= count) this.#committed.pop()
    this.#epoch = undefined
  }

  /** What hands the newest snapshot over; undefined where there is none. */
  bundle(line: AuthorityLine): Uint8Array | undefined {
    const { newest } = this
    if (newest === undefined) return undefined
    const { entry, state, epochState } = newest
    const [founding, ...others] = line.upTo(entry.number).map(({ bytes }) => bytes)
    if (founding === undefined) return undefined
    const later = line.after(entry.number).map(({ bytes }) => bytes)
    return encodeBundle({ founding, line: others, snapshot: entry.bytes, later, state, epochState })
  }

  #expected(source: SnapshotSource): Expected {
    const { previous } = source
    if (this.#reckoned !== undefined && equalBytes(this.#reckoned.previous, previous))
      return this.#reckoned.expected
    const expected = this.#reckon(source)
    this.#reckoned = { previous, expected }
    return expected
  }

  #reckon({ state, line, pending, number }: SnapshotSource): Expected {
    const [first] = pending
    let epoch = this.#epoch
    let ahead = state
    if (first !== undefined)
      ahead =
        first.number === 0
          ? new RecordState()
          : decodeState(encodeState(state, authorityAt(line, first.number))).state
    for (const entry of pending) {
      if (entry.change.type === 'elected')
        epoch = { number: entry.number, bytes: encodeState(ahead, authorityAt(line, entry.number)) }
      try {
        ahead.apply(entry.change, entry.number, entry.signKey, entry.at)
      } catch {
        // Without effect here as well.
      }
    }
    return { state: encodeState(ahead, authorityAt(line, number)), epochState: epoch?.bytes ?? null }
  }
}

function authorityAt(line: AuthorityLine, number: number): RecordedAuthority {
  const authority = line.at(number)
  if (authority === undefined) throw new ConvoyError('message-malformed', 'Nothing was founded yet.')
  return authority
}

function nameOf(bytes: Uint8Array): SnapshotChange['state'] {
  return { digest: digestOfState(bytes), bytes: bytes.length }
}

function isNamed(name: SnapshotChange['epochState'], { digest, bytes }: SnapshotChange['state']): boolean {
  return name?.bytes === bytes && equalBytes(name.digest, digest)
}
