import { isConvoyError, type Cancel } from '../core/index.ts'
import { graceMs, replacedMs, undecidedPauseMs } from './constants.ts'
import type { DecisionQueue } from './decisionQueue.ts'
import type { RecordMember } from './recordState.ts'
import type { Session } from './session.ts'

/** How a member went without the host's doing. */
export type DepartureReason = 'left' | 'lost'

/** Sees to it that the record says who went, also when that can't be decided at once. */
export class Departures {
  readonly #session: Session
  readonly #decisions: DecisionQueue
  readonly #leave: (member: RecordMember, reason: DepartureReason) => Promise<void>
  readonly #cancels = new Set<Cancel>()
  #closed = false

  /** @param leave - decides that a member went. */
  constructor(
    session: Session,
    decisions: DecisionQueue,
    leave: (member: RecordMember, reason: DepartureReason) => Promise<void>,
  ) {
    this.#session = session
    this.#decisions = decisions
    this.#leave = leave
  }

  /** There is no link to a member any more: it is lost, unless it has, or gets, another one within `waitMs`. */
  unlinked(member: RecordMember, waitMs: number = replacedMs): void {
    this.#later(waitMs, () => {
      if (!this.#isHere(member)) this.record(member, 'lost')
    })
  }

  /** Records that a member went, once those before it are decided; tried again while there is no majority for it. */
  record(member: RecordMember, reason: DepartureReason): void {
    this.#decisions.add(async () => {
      if (this.#closed || (reason === 'lost' && this.#isHere(member))) return
      try {
        await this.#leave(member, reason)
      } catch (error) {
        // Another host records it, unless this one goes on after all.
        const isPending = isConvoyError(error, 'no-majority') || isConvoyError(error, 'authority-moved')
        if (!isPending) throw error
        this.#later(undecidedPauseMs, () => this.record(member, reason))
      }
    })
  }

  /** This peer has become host: who left is recorded as that, and who is not linked and does not come as lost. */
  takeOver(): void {
    const { record, self } = this.#session
    for (const member of record.state.members) {
      if (member.id === self.id) continue
      if (this.#session.peer(member.id) === undefined) this.record(member, 'left')
      else if (!this.#isHere(member)) this.unlinked(member, graceMs)
    }
  }

  #isHere({ id }: RecordMember): boolean {
    return this.#session.peer(id)?.control !== undefined
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  #later(ms: number, task: () => void): void {
    const cancel = this.#session.environment.clock.after(ms, () => {
      this.#cancels.delete(cancel)
      task()
    })
    this.#cancels.add(cancel)
  }
}
