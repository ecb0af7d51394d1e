import { TokenBucket } from '../core/index.ts'
import { relayedSignalsPerSecond } from './constants.ts'
import type { ControlMessage } from './controlMessages.ts'
import type { Peer } from './peer.ts'
import type { Session } from './session.ts'

/** Brings the sealed signals of members to each other, as the host, which can read none of them ([LNK-21]). */
export class SignalRelay {
  readonly #session: Session
  readonly #budgets = new Map<string, TokenBucket>()

  constructor(session: Session) {
    this.#session = session
  }

  /** Passes a signal on to the member it names, where its sender is within its budget. */
  relay(from: Peer, { peer: to, sealed }: Extract<ControlMessage, { type: 'signal' }>): void {
    const { environment, record } = this.#session
    if (!this.#budgetOf(from.member.id).tryTake()) return environment.dropped.add('signal-rate')
    const addressee = record.state.member(to)
    const peer = addressee === undefined ? undefined : this.#session.peer(addressee.id)
    if (peer?.control === undefined) return environment.dropped.add('signal-addressee-unknown')
    peer.control.send({ type: 'signal', peer: from.member.signKey, sealed })
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#budgets.delete(memberId)
  }

  #budgetOf(memberId: string): TokenBucket {
    const known = this.#budgets.get(memberId)
    if (known !== undefined) return known
    const { clock } = this.#session.environment
    const budget = new TokenBucket(clock, relayedSignalsPerSecond, relayedSignalsPerSecond * 5)
    this.#budgets.set(memberId, budget)
    return budget
  }
}
