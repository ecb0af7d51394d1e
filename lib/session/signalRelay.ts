import { TokenBucket } from '../core/index.ts'
import { memberBudgetsOf } from './budgets.ts'
import type { ControlMessage } from './controlMessages.ts'
import type { Peer } from './peer.ts'
import type { Session } from './session.ts'

/** Brings the sealed signals of members to each other, as somebody in between who can read none of them ([LNK-21]). */
export class SignalRelay {
  readonly #session: Session
  readonly #from = new Map<string, TokenBucket>()
  readonly #to = new Map<string, TokenBucket>()

  constructor(session: Session) {
    this.#session = session
  }

  /** Passes a signal on to the member it names, where both are within their budgets. */
  relay(from: Peer, { peer: to, sealed }: Extract<ControlMessage, { type: 'signal' }>): void {
    const { environment, record } = this.#session
    const { id } = from.member
    if (!this.#budgetOf(this.#from, id).tryTake()) return environment.dropped.addFrom(id, 'signal-rate')
    const addressee = record.state.member(to)
    const peer = addressee === undefined ? undefined : this.#session.peer(addressee.id)
    if (peer?.control === undefined) return environment.dropped.addFrom(id, 'signal-addressee-unknown')
    // Many senders together must not flood a link that has more to carry.
    if (!this.#budgetOf(this.#to, peer.member.id).tryTake())
      return environment.dropped.addFrom(id, 'signal-rate')
    peer.control.send({ type: 'relayed', peer: from.member.signKey, sealed })
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#from.delete(memberId)
    this.#to.delete(memberId)
  }

  #budgetOf(budgets: Map<string, TokenBucket>, memberId: string): TokenBucket {
    const known = budgets.get(memberId)
    if (known !== undefined) return known
    const { environment } = this.#session
    const { signalsRelayedPerSecond, signalsRelayedAtOnce } = memberBudgetsOf(environment)
    const budget = new TokenBucket(environment.clock, signalsRelayedPerSecond, signalsRelayedAtOnce)
    budgets.set(memberId, budget)
    return budget
  }
}
