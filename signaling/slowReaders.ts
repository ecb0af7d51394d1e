import { Counters, type Clock } from '../lib/core/index.ts'
import type { SignalingLimits } from './constants.ts'

/** One connection, as far as what waits for it is concerned. */
export interface Reader {
  /** What limits per address are counted by; null where none hold. */
  readonly address: string | null
  /** Bytes that wait for it. */
  waiting(): number
  /** Bytes that went out to it, ever. */
  written(): number
  /** It is not to be waited for any longer. */
  tooSlow(): void
}

/** Why a reader was cut. */
export type SlowReaderLimit = 'buffered' | 'buffered-address' | 'buffered-total' | 'stalled'

interface Watched {
  written: number
  since: number
}

/**
 * Watches connections for which more waits than can be on the way: a reader that stopped holds what others sent it for as long as it
 * likes, and many of them could hold all memory there is.
 */
export class SlowReaders {
  readonly #limits: SignalingLimits
  readonly #watched = new Map<Reader, Watched>()
  readonly #cuts = new Counters<SlowReaderLimit>()

  constructor(limits: SignalingLimits) {
    this.#limits = limits
  }

  /** How often a reader was cut for which limit. */
  get cuts(): Readonly<Partial<Record<SlowReaderLimit, number>>> {
    return this.#cuts.snapshot()
  }

  get size(): number {
    return this.#watched.size
  }

  /** Something was sent to `reader`. */
  sent(reader: Reader, clock: Clock): void {
    const waiting = reader.waiting()
    if (waiting > this.#limits.bufferedBytes) return this.#cut(reader, 'buffered')
    if (waiting > this.#limits.laggingBytes && !this.#watched.has(reader)) {
      this.#watched.set(reader, { written: reader.written(), since: clock.now() })
    }
  }

  /** The connection is over. */
  gone(reader: Reader): void {
    this.#watched.delete(reader)
  }

  /** Looks after all that were behind; to be called every second or so. */
  check(now: number): void {
    const perAddress = new Map<string, number>()
    let total = 0
    // Those that hold most go first.
    const behind = [...this.#watched.keys()]
      .map((reader) => ({ reader, waiting: reader.waiting() }))
      .sort((a, b) => a.waiting - b.waiting)
    for (const { reader, waiting } of behind) {
      const { address } = reader
      const ofAddress = waiting + (address === null ? 0 : (perAddress.get(address) ?? 0))
      if (waiting <= this.#limits.laggingBytes) this.#watched.delete(reader)
      else if (this.#isStalled(reader, now)) this.#cut(reader, 'stalled')
      else if (address !== null && ofAddress > this.#limits.bufferedBytesPerAddress)
        this.#cut(reader, 'buffered-address')
      else if (total + waiting > this.#limits.bufferedBytesTotal) this.#cut(reader, 'buffered-total')
      else {
        total += waiting
        if (address !== null) perAddress.set(address, ofAddress)
      }
    }
  }

  #isStalled(reader: Reader, now: number): boolean {
    const watched = this.#watched.get(reader)
    if (watched === undefined) return false
    const written = reader.written()
    if (written === watched.written) return now - watched.since >= this.#limits.stalledMs
    watched.written = written
    watched.since = now
    return false
  }

  #cut(reader: Reader, limit: SlowReaderLimit): void {
    this.#watched.delete(reader)
    this.#cuts.add(limit)
    reader.tooSlow()
  }
}
