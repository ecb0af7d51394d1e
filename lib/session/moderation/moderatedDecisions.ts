import { ConvoyError } from '../../core/index.ts'
import type { ControlMessage } from '../controlMessages.ts'
import type { Change } from '../recordEntries.ts'
import type { RecordMember } from '../recordState.ts'
import type { Session } from '../session.ts'
import type { SlotTable } from '../slotTable.ts'
import type { AskableChange, Asked } from './moderationChanges.ts'

type Removal = Extract<Change, { type: 'left' }> & { readonly reason: 'kicked' | 'banned' }

/** What a host does where it, or a moderator, wants something decided; one at a time. */
export class ModeratedDecisions {
  readonly #session: Session
  readonly #slots: SlotTable
  readonly #append: (change: Change) => Promise<void>

  /** @param append - decides: resolves once the change is committed. */
  constructor(session: Session, slots: SlotTable, append: (change: Change) => Promise<void>) {
    this.#session = session
    this.#slots = slots
    this.#append = append
  }

  /** See `HostRole.carryOut`. */
  async carryOut(change: AskableChange, asked: Asked | undefined): Promise<void> {
    const { record, self, environment } = this.#session
    // Looked up here, since much may have changed while this decision waited for others.
    const target = change.type === 'left' ? record.state.member(change.signKey) : undefined
    if (change.type === 'left' && (target === undefined || target.id === self.id))
      throw new ConvoyError(
        'invalid-argument',
        'There is no such other member. Take ids from convoy.members.',
      )
    const decided = asked === undefined ? change : { ...change, asked }
    const objection = record.state.moderation.objection(decided, self.signKey, environment.clock.wallTime())
    if (objection !== undefined) throw new ConvoyError('not-permitted', objection)
    if (target !== undefined && decided.type === 'left') await this.#remove(target, decided)
    else await this.#append(decided)
    if (change.type === 'banned') await this.removeBanned()
  }

  /** Has everyone go whom a ban is about. */
  async removeBanned(): Promise<void> {
    const { record, self, environment } = this.#session
    for (const member of record.state.members) {
      const ban = record.state.moderation.banOf(member, self.signKey, environment.clock.wallTime())
      if (ban === undefined || member.id === self.id) continue
      const { detail } = ban
      await this.#remove(member, { type: 'left', signKey: member.signKey, reason: 'banned', detail })
    }
  }

  /** Says a last word to a member. */
  dismiss({ id }: RecordMember, removal: Extract<ControlMessage, { type: 'removed' }>): void {
    const peer = this.#session.peer(id)
    if (peer !== undefined) this.#session.dismiss(peer, removal)
  }

  async #remove(member: RecordMember, removal: Removal): Promise<void> {
    const { reason, detail } = removal
    this.dismiss(member, { type: 'removed', reason, detail })
    await this.#append(removal)
    this.#slots.release(member.signKey)
  }
}
