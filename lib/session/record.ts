import { ConvoyError, equalBytes } from '../core/index.ts'
import {
  deriveSessionId,
  domainHash,
  envelopeOverheadOf,
  openEnvelope,
  signEnvelope,
} from '../identity/index.ts'
import { decodeMessage, encodeMessage } from '../protocol/index.ts'
import { entriesMessageBytes, entryLifetimeMs, recordBytes } from './constants.ts'
import { opening, type SessionEnvironment } from './environment.ts'
import { entrySchema, type Change } from './recordEntries.ts'
import { RecordState } from './recordState.ts'

/** An entry that was checked and applied. */
export interface AppliedEntry {
  readonly number: number
  readonly change: Change
  /** When the host decided it, ms since the Unix epoch on the host's clock. */
  readonly at: number
  readonly bytes: Uint8Array
}

/**
 * What the host decided, as numbered entries, each signed by the host and holding the digest of the one
 * before. Every member holds it all, so that any of them can prove it and go on from it.
 */
export class SessionRecord {
  readonly sessionId: Uint8Array
  readonly state = new RecordState()
  readonly #environment: SessionEnvironment
  readonly #entries: Uint8Array[] = []
  #lastDigest: Uint8Array = new Uint8Array(32)
  #bytes = 0

  constructor(sessionId: Uint8Array, environment: SessionEnvironment) {
    this.sessionId = sessionId
    this.#environment = environment
  }

  /** How many entries there are; also the number of the next. */
  get length(): number {
    return this.#entries.length
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.#bytes
  }

  /** The entries as they were signed. */
  get entries(): readonly Uint8Array[] {
    return this.#entries
  }

  /**
   * Signs and applies a decision of this peer, the host. Calls must not overlap.
   * @throws ConvoyError `invalid-argument` or `message-too-large` for a change that no entry can hold,
   * `message-malformed` for one that contradicts the state; nothing has changed then.
   */
  async append(change: Change): Promise<AppliedEntry> {
    const { identity, clock, random } = this.#environment
    const entry = {
      sessionId: this.sessionId,
      epoch: 0,
      number: this.#entries.length,
      previous: this.#lastDigest,
      change,
    }
    const body = encodeMessage(entrySchema, entry, entriesMessageBytes - envelopeOverheadOf({}))
    const bytes = await signEnvelope(
      identity,
      { purpose: 'entry', body, lifetimeMs: entryLifetimeMs },
      { clock, random },
    )
    return this.#apply(bytes, change, clock.wallTime(), identity.signKey)
  }

  /**
   * Checks and applies an entry that the host sent ([REC-2]).
   * @throws ConvoyError `message-too-large`, `message-malformed`, `message-unauthentic`, `message-misaddressed` or `message-replayed`;
   * nothing has changed then.
   */
  async accept(bytes: Uint8Array): Promise<AppliedEntry> {
    if (this.#bytes + bytes.length > recordBytes)
      throw new ConvoyError('message-too-large', `A record has at most ${recordBytes} bytes.`)
    const founder = this.state.host?.signKey
    const opened = await openEnvelope(bytes, {
      ...opening(this.#environment),
      purpose: 'entry',
      maxBytes: entriesMessageBytes,
      ...(founder === undefined ? {} : { signer: founder }),
    })
    const entry = decodeMessage(entrySchema, opened.body, entriesMessageBytes)
    if (!equalBytes(entry.sessionId, this.sessionId)) {
      throw new ConvoyError('message-misaddressed', 'The entry belongs to another session.')
    }
    if (entry.number < this.#entries.length) {
      throw new ConvoyError('message-replayed', `Entry ${entry.number} is already part of the record.`)
    }
    if (entry.number > this.#entries.length || !equalBytes(entry.previous, this.#lastDigest)) {
      throw new ConvoyError('message-malformed', `Entry ${entry.number} does not continue this record.`)
    }
    this.#checkFounding(entry.change, opened.signKey)
    return this.#apply(bytes, entry.change, opened.issuedAt, opened.signKey)
  }

  #checkFounding(change: Change, signKey: Uint8Array): void {
    if ((change.type === 'founded') !== (this.#entries.length === 0)) {
      throw new ConvoyError('message-malformed', 'A record begins with its founding, and only there.')
    }
    if (change.type !== 'founded') return
    const derived = deriveSessionId(change.signKey, change.founderNonce)
    if (!equalBytes(derived, this.sessionId) || !equalBytes(change.signKey, signKey)) {
      throw new ConvoyError('message-unauthentic', 'The session was not founded by the key that says so.')
    }
  }

  #apply(bytes: Uint8Array, change: Change, at: number, signKey: Uint8Array): AppliedEntry {
    const number = this.#entries.length
    this.state.apply(change, number, signKey)
    this.#entries.push(bytes)
    this.#bytes += bytes.length
    this.#lastDigest = domainHash('openconvoy entry 1', 32, bytes)
    return { number, change, at, bytes }
  }
}
