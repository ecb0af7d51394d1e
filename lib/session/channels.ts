import { ConvoyError, TokenBucket } from '../core/index.ts'
import { channelMessagesPerSecond } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import type { RecordMember } from './recordState.ts'

/** Takes messages of a channel, from admitted members. */
export type ChannelHandler = (member: RecordMember, body: Uint8Array) => void

/** Who takes the messages of which channel, and how many each member may send ([CHN-1]). */
export class Channels {
  readonly #environment: SessionEnvironment
  readonly #handlers = new Map<string, ChannelHandler>()
  readonly #budgets = new Map<string, TokenBucket>()

  constructor(environment: SessionEnvironment) {
    this.#environment = environment
  }

  /** @throws ConvoyError `invalid-argument` when the channel has a handler already. */
  on(channel: string, handler: ChannelHandler): void {
    if (this.#handlers.has(channel)) {
      throw new ConvoyError(
        'invalid-argument',
        `The channel "${channel}" has a handler already. Choose another name.`,
      )
    }
    this.#handlers.set(channel, handler)
  }

  /** Hands over a message of an admitted member, where it is within its budget. */
  receive(member: RecordMember, channel: string, body: Uint8Array): void {
    const { dropped } = this.#environment
    if (!this.#budgetOf(member.id).tryTake()) return dropped.add('channel-rate')
    const handler = this.#handlers.get(channel)
    if (handler === undefined) return dropped.add('channel-unknown')
    handler(member, body)
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#budgets.delete(memberId)
  }

  #budgetOf(memberId: string): TokenBucket {
    const known = this.#budgets.get(memberId)
    if (known !== undefined) return known
    const { clock } = this.#environment
    const budget = new TokenBucket(clock, channelMessagesPerSecond, channelMessagesPerSecond)
    this.#budgets.set(memberId, budget)
    return budget
  }
}
