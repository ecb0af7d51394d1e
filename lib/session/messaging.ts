import { isConvoyError, type ConvoyError } from '../core/index.ts'
import { Channels, type ChannelBudget, type ChannelHandler, type MessageObserver } from './channels.ts'
import { linkOnlyChannels, passChannel, passesAtOnce, passesPerSecond } from './constants.ts'
import { encodeControl } from './controlLink.ts'
import { Passing } from './passing.ts'
import type { RecordMember } from './recordState.ts'
import type { Session } from './session.ts'

/** The channel messages of a session: over links, and where there is none through common neighbours. */
export class Messaging {
  readonly #session: Session
  readonly #channels: Channels
  readonly #passing: Passing

  constructor(session: Session) {
    this.#session = session
    this.#channels = new Channels(session.environment)
    this.#passing = new Passing(session, (author, channel, body) => this.#takePassed(author, channel, body))
    this.#channels.on(passChannel, (member, body) => this.#passing.receive(member, body), {
      perSecond: passesPerSecond,
      atOnce: passesAtOnce,
    })
  }

  /** See `Session.onChannel`. */
  on(channel: string, handler: ChannelHandler, budget?: ChannelBudget): void {
    this.#channels.on(channel, handler, budget)
  }

  /** Who is told of messages that come and go, as evidence; one at a time. */
  set observer(observer: MessageObserver) {
    this.#channels.observer = observer
  }

  /**
   * Sends on `channel` to members: over the link to each or, where there is none, through a common neighbour ([FWD-10]).
   * @returns to how many: those that are reached neither way miss it, as do those whose link takes no more.
   * @throws ConvoyError `backlog-full` or `rate-limited` when it reached nobody because links take no more.
   */
  send(memberIds: Iterable<string>, channel: string, body: Uint8Array): number {
    const bytes = encodeControl({ type: 'channel', channel, body })
    let reached = 0
    let refusal: ConvoyError | undefined
    for (const id of memberIds) {
      const peer = this.#session.peer(id)
      if (
        peer?.admitted === false &&
        !linkOnlyChannels.has(channel) &&
        this.#passing.send(peer, channel, body)
      )
        reached++
      if (peer?.admitted !== true || peer.control === undefined) continue
      try {
        peer.control.link.sendControl(bytes)
        this.#channels.observer?.sent(id, channel, body)
        reached++
      } catch (error) {
        if (!isConvoyError(error)) throw error
        if (error.code !== 'closed') refusal = error
      }
    }
    if (reached === 0 && refusal !== undefined) throw refusal
    return reached
  }

  /** Takes a message that came on the link of `author`. */
  receive(author: RecordMember, channel: string, body: Uint8Array): void {
    this.#channels.receive(author, channel, body)
  }

  /** Forgets a member that is gone. */
  forget(memberId: string): void {
    this.#channels.forget(memberId)
    this.#passing.forget(memberId)
  }

  #takePassed(author: RecordMember, channel: string, body: Uint8Array): void {
    if (linkOnlyChannels.has(channel))
      return this.#session.environment.dropped.addFrom(author.id, 'pass-channel')
    this.#channels.receive(author, channel, body)
  }
}
