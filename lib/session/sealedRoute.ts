import {
  ConvoyError,
  SerialQueue,
  TokenBucket,
  withDeadline,
  type Budget,
  type Unsubscribe,
} from '../core/index.ts'
import {
  openEnvelope,
  ReplayGuard,
  sealMessage,
  signEnvelope,
  type PublicIdentity,
} from '../identity/index.ts'
import { encodeMessage, limits, type Signal } from '../protocol/index.ts'
import type { Route, RouteByHand } from '../rendezvous/index.ts'
import type { SignalPort } from '../rtc/index.ts'
import {
  badMessagesPerKnock,
  knockStepTimeoutMs,
  routeMessagesAtOnce,
  routeMessagesPerSecond,
  signalLifetimeMs,
} from './constants.ts'
import { opening, type SessionEnvironment } from './environment.ts'
import {
  decodeKnockMessage,
  knockMessageSchema,
  type ForeignKnock,
  type KnockMessage,
} from './knockMessages.ts'
import { decodeTurn, encodeTurn, endsTurn } from './turns.ts'

/** A message and who signed it. */
export interface ReceivedKnockMessage {
  message: KnockMessage | ForeignKnock
  signKey: Uint8Array
}

/** What all routes of a host share. */
export interface RouteGuard {
  /** Nonces seen: a knock that is sent again on another route must not count there. */
  readonly replays: ReplayGuard
  /** Messages that may be opened for those who have not been welcomed yet. */
  readonly strangers: Pick<Budget, 'tryTake'>
}

/**
 * The conversation of a joiner and a host over a route that neither trusts: every message is signed by its
 * sender for its receiver, then sealed to the receiver's box key ([ADM-1]). Where people carry them, all messages of a turn
 * are in one envelope ([ADM-18]).
 */
export class SealedRoute {
  readonly #route: Route
  readonly #environment: SessionEnvironment
  readonly #replays: ReplayGuard
  readonly #budget: TokenBucket
  #strangers: Pick<Budget, 'tryTake'> | undefined
  #signKey: Uint8Array | undefined
  #remote: PublicIdentity | undefined
  readonly #inbox: ReceivedKnockMessage[] = []
  #waiting:
    { resolve: (received: ReceivedKnockMessage) => void; reject: (error: unknown) => void } | undefined
  #signalHandler: ((signal: Signal) => void) | undefined
  readonly #earlySignals: Signal[] = []
  /** What is said in this side's turn so far. */
  readonly #turn: KnockMessage[] = []
  readonly #incoming: SerialQueue
  readonly #outgoing: SerialQueue
  readonly #unsubscribe: Unsubscribe[]
  #badMessages = 0
  #closed = false
  #closeHandler: (() => void) | undefined

  /** @param guard - of a host, whose routes anybody may open. */
  constructor(route: Route, environment: SessionEnvironment, guard?: RouteGuard) {
    this.#route = route
    this.#environment = environment
    this.#replays = guard?.replays ?? new ReplayGuard()
    this.#strangers = guard?.strangers
    this.#budget = new TokenBucket(environment.clock, routeMessagesPerSecond, routeMessagesAtOnce)
    this.#incoming = new SerialQueue((error) => this.#refuse(error))
    this.#outgoing = new SerialQueue((error) =>
      environment.logger.debug('A knock message was not sent.', { error }),
    )
    this.#unsubscribe = [
      route.on('message', (bytes) => {
        // More than a whole connection's worth of candidates waiting is a flood, not a conversation.
        if (this.#incoming.length > limits.candidatesPerConnection * 2)
          return environment.dropped.add('knock-flood')
        this.#incoming.add(() => this.#receive(bytes))
      }),
      // What came before the end, such as a refusal, is still being opened.
      route.on('closed', () => this.#incoming.add(() => this.close())),
    ]
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** What is different where people carry the messages. */
  get byHand(): RouteByHand | undefined {
    return this.#route.byHand
  }

  /** Fixes who is at the other end: from now on messages can be sent, and only its own count. */
  settleRemote(remote: PublicIdentity): void {
    this.#remote = remote
    this.#signKey = remote.signKey
  }

  /** The other end is no stranger any more: its messages are not at the cost of those that are. */
  welcome(): void {
    this.#strangers = undefined
  }

  /** Who is told that the route is closed, whichever side closed it; at once where it is. */
  onClosed(handler: () => void): void {
    if (this.#closed) handler()
    else this.#closeHandler = handler
  }

  send(message: KnockMessage): void {
    const remote = this.#remote
    if (remote === undefined || this.#closed) return
    const { identity, clock, random } = this.#environment
    const { byHand } = this
    if (byHand !== undefined) {
      this.#turn.push(message)
      if (!endsTurn(message)) return
    }
    const turn = this.#turn.splice(0)
    this.#outgoing.add(async () => {
      const envelope = await signEnvelope(
        identity,
        {
          purpose: 'knock',
          body:
            byHand === undefined
              ? encodeMessage(knockMessageSchema, message, limits.rendezvousMessageBytes)
              : await encodeTurn(turn),
          audience: remote.signKey,
          lifetimeMs: byHand?.patienceMs ?? signalLifetimeMs,
        },
        { clock, random },
      )
      if (!this.#closed) this.#route.send(sealMessage(remote.boxKey, envelope, random))
    })
  }

  /**
   * The next message that is not a signal.
   * @throws ConvoyError `timeout`, `closed` or `aborted`.
   */
  next(signal?: AbortSignal, withinMs = knockStepTimeoutMs): Promise<ReceivedKnockMessage> {
    const received = this.#inbox.shift()
    if (received !== undefined) return Promise.resolve(received)
    if (this.#closed) return Promise.reject(routeClosed())
    const arrival = new Promise<ReceivedKnockMessage>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    const { clock } = this.#environment
    const { byHand } = this
    return byHand === undefined
      ? withDeadline(clock, withinMs, 'The other side did not answer the knock.', arrival, signal)
      : withDeadline(clock, byHand.patienceMs, 'No answer was pasted in time.', arrival, signal)
  }

  /** Signals that cross this route, as the way to make a link. */
  signalPort(): SignalPort {
    return {
      send: (signal) => this.send({ type: 'signal', signal }),
      onSignal: (handler) => {
        this.#signalHandler = handler
        for (const signal of this.#earlySignals.splice(0)) handler(signal)
      },
    }
  }

  /** Sends what is still to be sent, then closes the route. Idempotent. */
  finish(): void {
    this.#outgoing.add(() => this.close())
  }

  /** Closes the route at once. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#route.close()
    this.#signalHandler = undefined
    this.#waiting?.reject(routeClosed())
    this.#waiting = undefined
    this.#closeHandler?.()
    this.#closeHandler = undefined
  }

  async #receive(sealed: Uint8Array): Promise<void> {
    if (this.#closed) return
    if (sealed.length > limits.rendezvousMessageBytes)
      throw new ConvoyError('message-too-large', 'Sealed message.')
    // Before the seal is opened: that is dear as well.
    if (!this.#budget.tryTake() || this.#strangers?.tryTake() === false)
      throw new ConvoyError('rate-limited', 'Too many messages on the routes to this host.')
    const { identity } = this.#environment
    const envelope = identity.unseal(sealed)
    if (envelope === undefined) throw new ConvoyError('message-unauthentic', 'The seal does not open.')
    const opened = await openEnvelope(envelope, {
      ...opening(this.#environment),
      replays: this.#replays,
      purpose: 'knock',
      audience: identity.signKey,
      requireAudience: true,
      maxBytes: limits.rendezvousMessageBytes,
      ...(this.#signKey === undefined ? {} : { signer: this.#signKey }),
    })
    if (this.byHand === undefined) return this.#deliver(decodeKnockMessage(opened.body), opened.signKey)
    for (const message of await decodeTurn(opened.body)) this.#deliver(message, opened.signKey)
  }

  #deliver(message: KnockMessage | ForeignKnock, signKey: Uint8Array): void {
    if (this.#closed) return
    if (message.type === 'signal') {
      if (this.#signKey === undefined) return this.#environment.dropped.add('knock-signal-early')
      if (this.#signalHandler !== undefined) return this.#signalHandler(message.signal)
      if (this.#earlySignals.length < limits.candidatesPerConnection) this.#earlySignals.push(message.signal)
      return
    }
    // The first that says something is who this conversation is with.
    this.#signKey ??= signKey
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) waiting.resolve({ message, signKey })
    else if (this.#inbox.length < badMessagesPerKnock) this.#inbox.push({ message, signKey })
    else this.#environment.dropped.add('knock-flood')
  }

  #refuse(error: unknown): void {
    const reason = error instanceof ConvoyError ? error.code : 'internal'
    this.#environment.dropped.add(`knock-${reason}`)
    this.#environment.logger.debug('A knock message was refused.', { reason })
    const { byHand } = this
    // Whoever carried it is told, and can't carry it again.
    byHand?.refused(
      error instanceof ConvoyError
        ? error
        : new ConvoyError('message-malformed', 'What was carried makes no sense.', { cause: error }),
    )
    if (byHand !== undefined || ++this.#badMessages >= badMessagesPerKnock) this.close()
  }
}

function routeClosed(): ConvoyError {
  return new ConvoyError('closed', 'The way through the rendezvous closed before the conversation was over.')
}
