import { ConvoyError, TokenBucket } from '../core/index.ts'
import { memberBudgetsOf } from './budgets.ts'
import { earlyChannelBytes, earlyChannelMessages, embedderChannelPrefix } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import type { RecordMember } from './recordState.ts'

/** Takes messages of a channel, from admitted members. */
export type ChannelHandler = (member: RecordMember, body: Uint8Array) => void

/** Messages taken from one member per second, and at once. */
export interface ChannelBudget {
  readonly perSecond: number
  readonly atOnce: number
}

/** Told of messages of the session's channels: of those that are taken, and of those that went out over a link. */
export interface MessageObserver {
  received(member: RecordMember, channel: string, body: Uint8Array): void
  sent(memberId: string, channel: string, body: Uint8Array): void
}

interface Subscription {
  readonly handler: ChannelHandler
  readonly budget: ChannelBudget | undefined
}

interface EarlyMessage {
  readonly member: RecordMember
  readonly channel: string
  readonly body: Uint8Array
}

/** Who takes the messages of which channel, and how many each member may send ([CHN-1]). */
export class Channels {
  readonly #environment: SessionEnvironment
  /** What channels without a budget of their own share, for each member. */
  readonly #sharedBudget: ChannelBudget
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #buckets = new Map<string, Map<string, TokenBucket>>()
  /** Who is told of what is taken. */
  observer: MessageObserver | undefined
  #early: EarlyMessage[] = []
  #earlyBytes = 0

  constructor(environment: SessionEnvironment) {
    this.#environment = environment
    const { channelMessagesPerSecond, channelMessagesAtOnce } = memberBudgetsOf(environment)
    this.#sharedBudget = { perSecond: channelMessagesPerSecond, atOnce: channelMessagesAtOnce }
  }

  /**
   * Hands over what comes from now on, and what waited ([CHN-2]).
   * @throws ConvoyError `invalid-argument` when the channel has a handler already.
   */
  on(channel: string, handler: ChannelHandler, budget?: ChannelBudget): void {
    if (this.#subscriptions.has(channel)) {
      throw new ConvoyError(
        'invalid-argument',
        `The channel "${channel}" has a handler already. Choose another name.`,
      )
    }
    this.#subscriptions.set(channel, { handler, budget })
    const waiting = this.#early.filter((each) => each.channel === channel)
    this.#early = this.#early.filter((each) => each.channel !== channel)
    for (const { member, body } of waiting) {
      this.#earlyBytes -= body.length
      this.observer?.received(member, channel, body)
      handler(member, body)
    }
  }

  /** Hands over a message of an admitted member, where it is within its budget. */
  receive(member: RecordMember, channel: string, body: Uint8Array): void {
    const { dropped } = this.#environment
    const subscription = this.#subscriptions.get(channel)
    if (!this.#bucketOf(member.id, channel, subscription?.budget).tryTake())
      return dropped.addFrom(member.id, 'channel-rate')
    if (subscription !== undefined) {
      this.observer?.received(member, channel, body)
      return subscription.handler(member, body)
    }
    if (!this.#isExpected(channel)) return dropped.addFrom(member.id, 'channel-unknown')
    const full =
      this.#early.length >= earlyChannelMessages || this.#earlyBytes + body.length > earlyChannelBytes
    if (full) return dropped.addFrom(member.id, 'channel-early')
    this.#early.push({ member, channel, body })
    this.#earlyBytes += body.length
  }

  /** Forgets a member that is gone; what it said before anyone listened still counts. */
  forget(memberId: string): void {
    this.#buckets.delete(memberId)
  }

  /** Channels of the library, and those that the embedding program declared when it joined. */
  #isExpected(channel: string): boolean {
    if (!channel.startsWith(embedderChannelPrefix)) return true
    const { channels = {} } = this.#environment
    return Object.hasOwn(channels, channel.slice(embedderChannelPrefix.length))
  }

  #bucketOf(memberId: string, channel: string, budget: ChannelBudget | undefined): TokenBucket {
    const key = budget === undefined ? '' : channel
    let ofMember = this.#buckets.get(memberId)
    if (ofMember === undefined) this.#buckets.set(memberId, (ofMember = new Map<string, TokenBucket>()))
    let bucket = ofMember.get(key)
    if (bucket === undefined) {
      const { perSecond, atOnce } = budget ?? this.#sharedBudget
      bucket = new TokenBucket(this.#environment.clock, perSecond, atOnce)
      ofMember.set(key, bucket)
    }
    return bucket
  }
}
