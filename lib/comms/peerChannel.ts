import {
  ConvoyError,
  Emitter,
  NewestFirst,
  TokenBucket,
  Unheard,
  isConvoyError,
  type Unsubscribe,
} from '../core/index.ts'
import { burstSeconds, embedderChannelPrefix, type RecordMember } from '../session/index.ts'
import type { Channel, ChannelEvents, ChannelMessage, ChannelOptions, ChannelTarget } from './channel.ts'
import {
  decodeBody,
  decodeRequest,
  decodeWord,
  encodeBody,
  encodeDatagram,
  encodeRequest,
  encodeWord,
} from './channelCodec.ts'
import type { ChannelSurroundings } from './channelHub.ts'
import { mostReliableRate, unheardMessages } from './constants.ts'
import type { Interception } from './interceptors.ts'
import { checkWith } from './standardSchema.ts'
import { targetsOf } from './targets.ts'

/** {@link ChannelOptions} with the defaults filled in and checked. */
export type SettledOptions<Input, Output> = ChannelOptions<Input, Output> &
  Required<Pick<ChannelOptions<Input, Output>, 'reliable' | 'maxBytes' | 'rate'>>

interface OutgoingDatagram {
  readonly targets: readonly string[]
  readonly body: Uint8Array
}

type ChannelInterception = Extract<Interception, { type: 'channel' }>

/** {@link Channel} between the members of a session. */
export class PeerChannel<Input, Output> implements Channel<Input, Output> {
  readonly name: string
  readonly #options: SettledOptions<Input, Output>
  readonly #around: ChannelSurroundings
  readonly #events: Emitter<ChannelEvents<Output>>
  readonly #unheard = new Unheard<ChannelMessage<Output>>(unheardMessages)
  readonly #outgoing: TokenBucket
  readonly #outgoingDatagrams: NewestFirst<OutgoingDatagram>
  readonly #broadcasts: TokenBucket

  /** @param broadcasts - what the host sends on for all others together. */
  constructor(
    name: string,
    options: SettledOptions<Input, Output>,
    around: ChannelSurroundings,
    broadcasts: TokenBucket,
  ) {
    const { clock, logger, dropped } = around.session.environment
    this.name = name
    this.#options = options
    this.#around = around
    this.#events = new Emitter(logger)
    this.#outgoing = new TokenBucket(clock, options.rate, options.rate)
    this.#outgoingDatagrams = new NewestFirst({
      clock,
      budget: this.#outgoing,
      pass: ({ targets, body }) => void this.#sendDatagrams(targets, body),
      dropped: () => dropped.add('channel-send-rate'),
    })
    this.#broadcasts = broadcasts
    if (!options.reliable) return
    // In the name of the host come the messages of all.
    const perSecond = options.authority === 'host' && !around.session.isHost ? mostReliableRate : options.rate
    const budget = { perSecond, atOnce: perSecond * burstSeconds }
    around.session.onChannel(
      this.#wireName,
      (member, body) => this.#guard(member, () => this.#take(member, body)),
      budget,
    )
  }

  on<Event extends 'message'>(
    name: Event,
    listener: (event: ChannelEvents<Output>[Event]) => void,
  ): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    for (const message of this.#unheard.take()) this.#events.emit('message', message)
    return unsubscribe
  }

  send(message: Input, to: ChannelTarget = { all: true }): number {
    const { session } = this.#around
    this.#around.requireOpen()
    const { maxBytes, reliable, authority } = this.#options
    checkOwn(() => checkWith(this.#options.schema, message))
    const body = encodeBody(message, maxBytes)
    const targets = targetsOf(to, this.#around)
    if (authority === 'host' && session.hostIsGone) {
      throw new ConvoyError('host-gone', `The channel "${this.name}" needs the host, who is gone.`)
    }
    if (!reliable) {
      if (this.#outgoingDatagrams.admits()) return this.#sendDatagrams(targets, body)
      this.#outgoingDatagrams.hold({ targets, body })
      return 0
    }
    if (!this.#outgoing.tryTake()) {
      throw new ConvoyError(
        'rate-limited',
        `The channel "${this.name}" takes ${this.#options.rate} messages a second. Wait, and send fewer.`,
      )
    }
    if (authority === undefined) return session.sendChannel(targets, this.#wireName, body)
    const everyone = typeof to === 'object' && 'all' in to
    if (session.isHost) return this.#pronounce(session.self.id, everyone ? null : targets, body)
    const request = encodeRequest({ to: everyone ? null : targets, message: body })
    return session.sendChannel([session.host.id], this.#wireName, request)
  }

  /** Takes the message of a datagram. */
  takeDatagram(member: RecordMember, body: Uint8Array): void {
    this.#guard(member, () => this.#deliver(member, member.id, body))
  }

  /** Lets go of what waits. Idempotent. */
  close(): void {
    this.#outgoingDatagrams.clear()
  }

  /** Whether messages come as datagrams. */
  get isDatagrams(): boolean {
    return !this.#options.reliable
  }

  get rate(): number {
    return this.#options.rate
  }

  get #wireName(): string {
    return embedderChannelPrefix + this.name
  }

  #take(member: RecordMember, body: Uint8Array): void {
    const { session } = this.#around
    if (this.#options.authority === undefined) return this.#deliver(member, member.id, body)
    if (session.isHost) return this.#judge(member, body)
    if (member.id !== session.host.id)
      return session.environment.dropped.addFrom(member.id, 'channel-not-host')
    const { author, message } = decodeWord(body)
    this.#deliver(member, author, message)
  }

  /** The host decides on the message of a member ([CHN-21]). */
  #judge(member: RecordMember, request: Uint8Array): void {
    const { session, describe } = this.#around
    const { dropped, logger } = session.environment
    const { to, message: raw } = decodeRequest(request)
    const judged = this.#intercept(member, decodeBody(raw, this.#options.maxBytes))
    if (judged === undefined) return
    let final = judged.message
    const { validate } = this.#options
    if (validate !== undefined) {
      try {
        const verdict = validate(this.#check(final), describe(member))
        if (verdict === false) return dropped.addFrom(member.id, 'channel-refused')
        if (verdict !== true) final = verdict
      } catch (error) {
        logger.error(`The validate hook of the channel "${this.name}" threw; the message was dropped.`, {
          error,
        })
        return dropped.addFrom(member.id, 'channel-refused')
      }
    }
    this.#check(final)
    if (!this.#broadcasts.tryTake()) return dropped.addFrom(member.id, 'channel-broadcast-rate')
    const body = encodeBody(final, this.#options.maxBytes)
    this.#pronounce(member.id, to, body)
    if (to === null || to.includes(session.self.id)) this.#emit(session.self, member.id, this.#check(final))
  }

  /** The host sends a message as its own word, also to who wrote it; to all others where `to` is null. */
  #pronounce(author: string, to: readonly string[] | null, message: Uint8Array): number {
    const { session } = this.#around
    const targets = to ?? [...session.peers()].map(({ member }) => member.id)
    return session.sendChannel(targets, this.#wireName, encodeWord({ author, message }))
  }

  #sendDatagrams(targets: readonly string[], body: Uint8Array): number {
    const payload = encodeDatagram(this.name, body)
    let reached = 0
    for (const id of targets) {
      const peer = this.#around.session.peer(id)
      if (peer?.admitted === true && peer.control?.link.sendState(payload) === true) reached++
    }
    return reached
  }

  #deliver(from: RecordMember, author: string, body: Uint8Array): void {
    const judged = this.#intercept(from, decodeBody(body, this.#options.maxBytes))
    if (judged !== undefined) this.#emit(from, author, this.#check(judged.message))
  }

  /** What the interceptors let through. What fits no schema never gets to them. */
  #intercept(from: RecordMember, message: unknown): ChannelInterception | undefined {
    this.#check(message)
    const event: ChannelInterception = {
      type: 'channel',
      channel: this.name,
      from: this.#around.describe(from),
      message,
    }
    return this.#around.interceptors.judge(event, (judged, replacement) => {
      this.#check(replacement)
      return { ...judged, message: replacement }
    })
  }

  #check(message: unknown): Output {
    return checkWith(this.#options.schema, message)
  }

  #emit(from: RecordMember, authorId: string, message: Output): void {
    const { session, describe } = this.#around
    const written = authorId === session.self.id ? session.self : session.peer(authorId)?.member
    const author = written === undefined ? undefined : describe(written)
    const event = { from: describe(from), author, message }
    if (this.#unheard.heard) this.#events.emit('message', event)
    else if (!this.#unheard.keep(event)) session.environment.dropped.addFrom(from.id, 'channel-unheard')
  }

  /** Bad messages, and schemas that throw at them, are counted and disturb nothing. */
  #guard(member: RecordMember, take: () => void): void {
    try {
      take()
    } catch (error) {
      const reason = isConvoyError(error) ? error.code : 'internal'
      const { dropped, logger } = this.#around.session.environment
      dropped.addFrom(member.id, `channel-${reason}`)
      logger.debug('A message of a channel was refused.', { reason, error })
    }
  }
}

/** Schemas may throw; the program that sends gets one kind of error all the same. */
function checkOwn(check: () => unknown): void {
  try {
    check()
  } catch (cause) {
    if (isConvoyError(cause)) throw cause
    throw new ConvoyError('invalid-argument', 'The schema of the channel threw at the message.', { cause })
  }
}
