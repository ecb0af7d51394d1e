import type { Listenable } from '../core/index.ts'
import type { Member } from './member.ts'
import type { StandardSchema } from './standardSchema.ts'

/** What {@link Convoy.channel} takes. */
export interface ChannelOptions<Input, Output = Input> {
  /**
   * What a message looks like: checked before it is sent, and again on arrival. A schema of valibot, zod, arktype or any
   * other library that follows Standard Schema, and answers at once.
   */
  readonly schema: StandardSchema<Input, Output>
  /**
   * True (default): each message once and in the order sent, for members that are connected. False: as a datagram, now
   * or never; one that a later datagram of the same sender overtakes, be it one with a vehicle, is dropped.
   */
  readonly reliable?: boolean
  /** Bytes of one message as MessagePack (default 1,024), up to 48,000, or 1,100 where not reliable. */
  readonly maxBytes?: number
  /**
   * Messages a second of each sender (default 20), as many at once; all reliable channels together may have 400, the
   * others 100.
   */
  readonly rate?: number
  /**
   * `host`: messages go to the host, which checks them and sends them on as its own word; nobody takes one from anybody
   * else. Only where reliable.
   */
  readonly authority?: 'host'
  /**
   * Asked on the host about each message of a member, before anyone receives it, where `authority` is `host`: true to
   * send it on as it is, false to drop it, or what to send on instead. One that throws drops the message.
   */
  readonly validate?: (message: Output, from: Member) => boolean | Input
}

/** Who a message is for: all, members by id, or those whose vehicle is within so many metres of one's own. */
export type ChannelTarget = { readonly all: true } | { readonly within: number } | string | readonly string[]

/** A message that arrived on a channel. */
export interface ChannelMessage<Output> {
  /** Whose word it is: the sender; where the host has authority, the host. */
  readonly from: Member
  /** Who wrote it, also where the host sent it on; undefined when that member is gone by now. */
  readonly author: Member | undefined
  /** What the schema made of it. */
  readonly message: Output
}

/** Events of a {@link Channel}. */
export type ChannelEvents<Output> = { message: ChannelMessage<Output> }

/**
 * An embedding program's own messages, made by {@link Convoy.channel}. What arrives before the first listener waits for
 * it, up to 64 messages. A listener that throws is logged and disturbs nobody.
 * @example
 * ```ts
 * const honks = convoy.channel('honks', { schema: v.object({ times: v.pipe(v.number(), v.maxValue(9)) }) })
 * honks.on('message', ({ from, message }) => console.log(`${from.name} honks ${message.times} times`))
 * honks.send({ times: 2 }, { within: 300 })
 * ```
 */
export interface Channel<Input, Output = Input> extends Listenable<ChannelEvents<Output>> {
  /** As it was opened. */
  readonly name: string
  /**
   * Sends a message, by default to all. It is checked and sent as it is; what the schema makes of it is for the receiver.
   * @returns to how many members it was sent; one to the host, which may refuse it, counts as one. Members whose link is
   * gone or takes no more are not counted. 0 for a datagram beyond the rate, which waits for its turn and goes then, unless
   * a newer one takes its place.
   * @throws ConvoyError `invalid-argument` when it does not fit the schema or names somebody who is not another member;
   * `message-too-large`; `rate-limited` where the channel is reliable; `backlog-full` when too much waits for everyone it
   * is for: nothing was sent then;
   * `host-gone` where the host has authority; `closed`.
   */
  send(message: Input, to?: ChannelTarget): number
}
