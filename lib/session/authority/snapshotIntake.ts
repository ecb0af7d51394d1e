import type { Counters } from '../../core/index.ts'
import { SnapshotParts, type SnapshotMessage } from '../snapshot/snapshotMessages.ts'

/** Puts together a snapshot that a member hands over; of those only that were asked for what is missing, one at a time. */
export class SnapshotIntake {
  readonly #dropped: Counters
  readonly #asked = new Set<string>()
  readonly #parts = new SnapshotParts()
  #from: string | undefined

  constructor(dropped: Counters) {
    this.#dropped = dropped
  }

  /** The member was asked. */
  asked(memberId: string): void {
    this.#asked.add(memberId)
  }

  /**
   * Takes a part; the whole with the last one.
   * @throws ConvoyError `message-malformed` for a part that does not follow the one before.
   */
  take(memberId: string, message: SnapshotMessage): Uint8Array | undefined {
    if (message.offset === 0 && this.#asked.delete(memberId)) this.#from = memberId
    if (this.#from !== memberId) {
      this.#dropped.addFrom(memberId, 'snapshot-unasked')
      return undefined
    }
    const bundle = this.#parts.take(message)
    if (bundle !== undefined) this.#from = undefined
    return bundle
  }

  /** The link to the member is gone, and what was under way with it. */
  forget(memberId: string): void {
    this.#asked.delete(memberId)
    if (this.#from !== memberId) return
    this.#from = undefined
    this.#parts.clear()
  }
}
