import {
  ConvoyError,
  Counters,
  isConvoyError,
  silentLogger,
  throwIfAborted,
  toHex,
  withDeadline,
  type Cancel,
  type Clock,
  type Logger,
  type RandomSource,
} from '../core/index.ts'
import { AnnouncedSession } from './announcedSession.ts'
import { backOffJitter, defaultTimings, type RendezvousTimings } from './constants.ts'
import type { DialFrameSocket } from './frameSocket.ts'
import { OfferedServers } from './offeredServers.ts'
import { RemoteWitness } from './remoteWitness.ts'
import type { Announcement, HostedSession, ReachedSession, Rendezvous, Witness } from './rendezvous.ts'
import { RouteEnd } from './routeEnd.ts'
import { ServiceConnection, type UnaskedFrame } from './serviceConnection.ts'

/** What every client of a rendezvous service takes. */
export interface RendezvousEnvironment {
  clock: Clock
  random: RandomSource
  logger?: Logger
  timings?: Partial<RendezvousTimings>
}

/** What a {@link RendezvousClient} is made with. */
export interface RendezvousClientOptions extends RendezvousEnvironment {
  hint: string
  /** Where STUN is when the service does not say: the host name that was dialled. */
  host: string
  dial: DialFrameSocket
}

/**
 * A rendezvous at a service that speaks the frames of docs/protocol/02-rendezvous.md. Connects when first
 * needed, over one socket for everything; while something is announced it comes back by itself.
 */
export class RendezvousClient implements Rendezvous {
  readonly hint: string
  readonly #options: RendezvousClientOptions
  readonly #timings: RendezvousTimings
  readonly #logger: Logger
  readonly #counters = new Counters()
  readonly #sessions = new Map<string, AnnouncedSession>()
  readonly #routes = new Map<number, RouteEnd>()
  #connection: ServiceConnection | undefined
  #waiting = 0
  readonly #offered: OfferedServers
  #failedAttempts = 0
  #cancelRetry: Cancel | undefined
  #closed = false

  constructor(options: RendezvousClientOptions) {
    this.#options = options
    this.hint = options.hint
    this.#timings = { ...defaultTimings, ...options.timings }
    this.#logger = options.logger ?? silentLogger
    this.#offered = new OfferedServers(options.clock, this.#counters)
  }

  async announce(announcement: Announcement, signal?: AbortSignal): Promise<HostedSession> {
    const key = toHex(announcement.sessionId)
    if (this.#sessions.has(key)) {
      throw new ConvoyError(
        'invalid-argument',
        'The session is announced here already: use update() of what announce() gave.',
      )
    }
    const session = new AnnouncedSession(
      {
        connection: () => (this.#connection?.isOpen() ? this.#connection : undefined),
        forget: (closed) => this.#forget(key, closed),
        withdrawMs: this.#timings.withdrawMs,
      },
      announcement,
      this.#logger,
    )
    this.#sessions.set(key, session)
    try {
      const connection = await this.#connected(signal)
      await session.announceOn(connection, signal)
      return session
    } catch (error) {
      // Whoever gave up waiting does not wait for the withdrawal either.
      void session.close()
      throw error
    }
  }

  async reach(sessionId: Uint8Array, signal?: AbortSignal): Promise<ReachedSession> {
    const connection = await this.#connected(signal)
    const opening = this.#newRoute(connection)
    try {
      const request = { type: 'open', session: sessionId } as const
      const { envelope, proof } = await connection.request(request, {
        signal,
        onAnswer: ({ route }) => opening.opened(route),
      })
      return { envelope, proof, route: opening.route }
    } catch (error) {
      opening.route.close()
      throw error
    }
  }

  async list(signal?: AbortSignal): Promise<Uint8Array[]> {
    const connection = await this.#connected(signal)
    return (await connection.request({ type: 'list' }, { signal })).envelopes
  }

  async witness(signal?: AbortSignal): Promise<Witness | undefined> {
    const connection = await this.#connected(signal)
    const { witness } = await connection.ready
    return witness === null ? undefined : new RemoteWitness(witness, (within) => this.#connected(within))
  }

  iceServers(): ReturnType<Rendezvous['iceServers']> {
    return this.#offered.list()
  }

  iceRenewalAt(): number | undefined {
    return this.#offered.renewAt
  }

  async renewIceServers(signal?: AbortSignal): Promise<void> {
    const isNew = this.#connection?.isOpen() !== true
    const connection = await this.#connected(signal)
    // A greeting brings some along.
    if (isNew) return
    const { turn } = await connection.request({ type: 'turn' }, { signal })
    this.#offered.provided(turn)
  }

  /** What was refused or ignored, by name. */
  dropped(): Readonly<Record<string, number | undefined>> {
    return this.#counters.snapshot()
  }

  reconnect(): void {
    if (this.#closed) return
    const former = this.#connection
    // One that is being made has its own deadline, and somebody who waits for it.
    if (former?.isOpen() === false) return
    this.#failedAttempts = 0
    if (former !== undefined) {
      former.close()
      this.#lost(former, new ConvoyError('rendezvous-unreachable', 'The network changed.'))
    }
    if (this.#sessions.size > 0) this.#dial()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelRetry?.()
    const withdrawals = [...this.#sessions.values()].map((session) => session.close())
    for (const route of [...this.#routes.values()]) route.close()
    const connection = this.#connection
    this.#connection = undefined
    // What was sent goes out before the socket closes; the answers are not waited for.
    connection?.close()
    await Promise.all(withdrawals)
  }

  /**
   * The connection, ready for requests. It is shared: giving up waiting ends it only if nobody else needs it.
   */
  async #connected(signal: AbortSignal | undefined): Promise<ServiceConnection> {
    if (this.#closed) throw new ConvoyError('closed', 'The rendezvous was closed.')
    throwIfAborted(signal)
    const connection = this.#connection ?? this.#dial()
    if (connection.isOpen()) return connection
    this.#waiting++
    try {
      // The connection has a deadline of its own; this one only lets the signal in, and never comes first.
      await withDeadline(
        this.#options.clock,
        this.#timings.connectMs * 2,
        'no greeting',
        connection.ready,
        signal,
      )
      return connection
    } finally {
      this.#waiting--
      if (!connection.isOpen() && this.#waiting === 0) this.#abandon(connection)
    }
  }

  #dial(): ServiceConnection {
    this.#cancelRetry?.()
    const connection: ServiceConnection = new ServiceConnection({
      address: this.hint,
      dial: this.#options.dial,
      clock: this.#options.clock,
      logger: this.#logger,
      timings: this.#timings,
      counters: this.#counters,
      unasked: (frame) => this.#take(connection, frame),
      lost: (cause) => this.#lost(connection, cause),
    })
    this.#connection = connection
    connection.ready.then(
      ({ stunPort, stunHost, turn = null }) => {
        this.#offered.greeted(stunHost ?? this.#options.host, stunPort, turn)
        this.#failedAttempts = 0
        this.#announceAgain(connection)
      },
      () => {
        this.#abandon(connection)
        this.#retryLater()
      },
    )
    return connection
  }

  #abandon(connection: ServiceConnection): void {
    connection.close()
    if (this.#connection === connection) this.#connection = undefined
  }

  #lost(connection: ServiceConnection, cause: ConvoyError): void {
    if (this.#connection === connection) this.#connection = undefined
    for (const route of [...this.#routes.values()]) route.end()
    this.#routes.clear()
    for (const session of this.#sessions.values()) session.lost(cause)
    if (this.#sessions.size > 0) this.#logger.info('Lost the rendezvous; reconnecting.', { code: cause.code })
    this.#retryLater()
  }

  /** Comes back after a while if anything is still to be announced. */
  #retryLater(): void {
    this.#cancelRetry?.()
    if (this.#closed || ![...this.#sessions.values()].some((session) => session.isLost)) return
    const waits = this.#timings.backOffMs
    const wait = waits[Math.min(this.#failedAttempts, waits.length - 1)] ?? 0
    this.#failedAttempts++
    const jitter = 1 + backOffJitter * (2 * this.#options.random.next() - 1)
    this.#cancelRetry = this.#options.clock.after(wait * jitter, () => {
      const connection = this.#connection
      if (connection === undefined) this.#dial()
      else if (connection.isOpen()) this.#announceAgain(connection)
    })
  }

  #announceAgain(connection: ServiceConnection): void {
    for (const session of this.#sessions.values()) {
      if (!session.isLost) continue
      session.announceOn(connection).catch((error: unknown) => {
        // Without a connection there was no answer, and its loss has its own way back.
        if (!connection.isOpen() || !isConvoyError(error)) return
        this.#logger.warn('Announcing again was refused.', { code: error.code })
        // Time alone helps against these; the others need another announcement.
        if (error.code === 'rate-limited' || error.code === 'rendezvous-unreachable') this.#retryLater()
        else session.stale(error)
      })
    }
  }

  #forget(key: string, session: AnnouncedSession): void {
    if (this.#sessions.get(key) === session) this.#sessions.delete(key)
    if (this.#sessions.size === 0) this.#cancelRetry?.()
  }

  #take(connection: ServiceConnection, frame: UnaskedFrame): void {
    switch (frame.type) {
      case 'relay': {
        const route = this.#routes.get(frame.route)
        if (route === undefined) this.#counters.add('rendezvous-unknown-route')
        // A copy: the message must not keep the whole frame alive, nor change under its reader.
        else route.receive(frame.message.slice())
        return
      }
      case 'closed': {
        const route = this.#routes.get(frame.route)
        this.#routes.delete(frame.route)
        route?.end()
        return
      }
      case 'incoming': {
        const session = this.#sessions.get(toHex(frame.session))
        const incoming = this.#newRoute(connection, frame.origin)
        incoming.opened(frame.route)
        if (session === undefined) incoming.route.close()
        else session.arrived(incoming.route)
        return
      }
      case 'dropped':
        return this.#dropped(toHex(frame.session), frame.cause)
    }
  }

  #dropped(key: string, cause: 'replaced' | 'expired'): void {
    const session = this.#sessions.get(key)
    if (session === undefined) return
    if (cause === 'replaced') return session.replaced()
    const expired = new ConvoyError('message-expired', 'The announcement has expired.')
    session.lost(expired)
    session.stale(expired)
  }

  /** A route on `connection` whose number the service has yet to give. */
  #newRoute(
    connection: ServiceConnection,
    origin?: Uint8Array,
  ): { route: RouteEnd; opened: (number: number) => void } {
    let number: number | undefined
    const route = new RouteEnd(
      {
        send: (message) => {
          if (number !== undefined) connection.send({ type: 'relay', route: number, message })
        },
        close: () => {
          if (number === undefined) return
          this.#routes.delete(number)
          connection.send({ type: 'close', route: number })
        },
      },
      this.#logger,
      // A copy: it must not keep the whole frame alive.
      { origin: origin?.slice() },
    )
    const opened = (given: number): void => {
      number = given
      this.#routes.set(given, route)
    }
    return { route, opened }
  }
}
