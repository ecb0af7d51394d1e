import type { AppliedEntry } from '../record.ts'
import type { Change } from '../recordEntries.ts'
import type { Session } from '../session.ts'
import { entriesPerState, snapshotEveryBytes } from '../snapshot/constants.ts'

/** What a keeper of snapshots needs of the host. */
export interface SnapshotKeeperHandlers {
  decide(change: Change): Promise<AppliedEntry>
  /** How many entries every voter holds. */
  heldByAll(): number
}

/** Has the host take snapshots, so that newcomers need not be handed everything since the founding ([REC-13]). */
export class SnapshotKeeper {
  readonly #session: Session
  readonly #around: SnapshotKeeperHandlers
  #busy = false
  /** Where the state was too large for a snapshot, the length of the record then. */
  #tooLargeAt = 0

  constructor(session: Session, around: SnapshotKeeperHandlers) {
    this.#session = session
    this.#around = around
  }

  /** Takes a snapshot where one is due. */
  look(): void {
    const { record, environment } = this.#session
    if (this.#busy || record.epochSince >= record.committed || !this.#isDue()) return
    // Entries are let go of once a snapshot follows that which all voters have.
    if (
      this.#around.heldByAll() <= (record.snapshot?.entry.number ?? -1) ||
      record.length === this.#tooLargeAt
    )
      return
    const snapshot = record.nextSnapshot()
    if (snapshot === undefined) {
      this.#tooLargeAt = record.length
      return environment.dropped.add('snapshot-too-large')
    }
    this.#busy = true
    this.#around
      .decide(snapshot)
      .catch((error: unknown) => {
        // Something else was decided at the same moment, or nothing can be: another time.
        environment.logger.debug('A snapshot came to nothing.', { error })
      })
      .finally(() => (this.#busy = false))
  }

  #isDue(): boolean {
    const { record, environment } = this.#session
    // Those of a void epoch may have been the only ones.
    if (record.first > 0 && record.snapshot === undefined) return true
    const { tailBytes } = record
    if (environment.snapshotBytes !== undefined) return tailBytes >= environment.snapshotBytes
    return tailBytes >= Math.max(snapshotEveryBytes, entriesPerState * (record.snapshot?.state.length ?? 0))
  }
}
