import { equalBytes } from '../../core/index.ts'
import type { HeldEntry } from '../heldEntry.ts'
import type { Session } from '../session.ts'

/** Tells a session of what is committed, each entry once. */
export class Telling {
  readonly #session: Session
  /** How many entries the session was told of. */
  #told: number
  #closed = false
  readonly #leads: () => void

  /** @param leads - called when the session was told that this peer decides. */
  constructor(session: Session, leads: () => void) {
    this.#session = session
    this.#leads = leads
    this.#told = session.record.committed
  }

  /** Tells of what a snapshot brought. */
  tellNews(): void {
    const { record } = this.#session
    for (const decision of record.takeNews()) if (!this.#closed) this.#session.applied(decision)
    this.#told = Math.max(this.#told, record.first)
  }

  /**
   * Tells of entries that were committed since the last time.
   * @param each - called for each before the session.
   */
  tellApplied(each: (entry: HeldEntry) => void): void {
    const { record, environment } = this.#session
    while (this.#told < record.committed && !this.#closed) {
      const number = this.#told++
      const entry = record.entry(number)
      if (entry === undefined || !record.hasEffect(number)) continue
      each(entry)
      this.#session.applied(entry)
      const isOwn = entry.change.type === 'elected' && equalBytes(entry.signKey, environment.identity.signKey)
      if (!isOwn || entry.epoch !== record.epoch) continue
      this.#session.hostIs(entry.signKey, entry.epoch)
      this.#leads()
    }
    record.trim()
  }

  /** What was committed is void: it will be told anew. */
  takeBack(): void {
    this.#told = Math.min(this.#told, this.#session.record.committed)
  }

  /** Tells of nothing any more. */
  close(): void {
    this.#closed = true
  }
}
