import { ConvoyError, Emitter, isConvoyError, Unheard, type Logger, type Unsubscribe } from '../core/index.ts'
import { unheardRoutes } from './constants.ts'
import type { Announcement, HostedSession, HostedSessionEvents, Route } from './rendezvous.ts'
import type { ServiceConnection } from './serviceConnection.ts'

/** What an {@link AnnouncedSession} needs of the client it belongs to. */
export interface AnnouncingClient {
  /** The connection in use; undefined while there is none. */
  connection(): ServiceConnection | undefined
  /** The session no longer wants to be announced. */
  forget(session: AnnouncedSession): void
  /** How long a withdrawal is waited for, ms. */
  readonly withdrawMs: number
}

/**
 * One session that a client keeps announced: remembers the newest announcement and puts it up again after
 * each reconnect.
 */
export class AnnouncedSession implements HostedSession {
  readonly #client: AnnouncingClient
  readonly #events: Emitter<HostedSessionEvents>
  #announcement: Announcement
  /** Proves to the service, after a reconnect, that this is the client that announced before. */
  #resume: Uint8Array | null = null
  #state: 'starting' | 'announced' | 'lost' | 'replaced' | 'closed' = 'starting'
  /** Whether the service may hold it. */
  #mayBeUp = false
  readonly #unheard = new Unheard<Route>(unheardRoutes)

  constructor(client: AnnouncingClient, announcement: Announcement, logger: Logger) {
    this.#client = client
    this.#announcement = announcement
    this.#events = new Emitter(logger)
  }

  get sessionId(): Uint8Array {
    return this.#announcement.sessionId
  }

  /** Whether it was announced before and is to be announced again. */
  get isLost(): boolean {
    return this.#state === 'lost'
  }

  on<Name extends keyof HostedSessionEvents>(
    name: Name,
    listener: (event: HostedSessionEvents[Name]) => void,
  ): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    if (name === 'route') for (const route of this.#unheard.take()) this.#events.emit('route', route)
    return unsubscribe
  }

  /** Puts the newest announcement up on `connection`. */
  async announceOn(connection: ServiceConnection, signal?: AbortSignal): Promise<void> {
    const { envelope, proof = [] } = this.#announcement
    const request = { type: 'announce' as const, envelope, proof: [...proof], resume: this.#resume }
    this.#mayBeUp = true
    try {
      this.#resume = (await connection.request(request, { signal })).resume
    } catch (error) {
      const isUnanswered = isConvoyError(error, 'aborted') || isConvoyError(error, 'rendezvous-unreachable')
      if (this.#state === 'starting' && !isUnanswered) this.#mayBeUp = false
      throw error
    }
    if (this.#state === 'announced' || this.#state === 'closed' || !connection.isOpen()) return
    const wasGone = this.#state !== 'starting'
    this.#state = 'announced'
    if (wasGone) this.#events.emit('restored', undefined)
  }

  /** A joiner opened a route. */
  arrived(route: Route): void {
    if (this.#state === 'closed') return route.close()
    if (this.#unheard.heard) this.#events.emit('route', route)
    else if (!this.#unheard.keep(route)) route.close()
  }

  /** The service, or the way there, no longer has it. */
  lost(cause: ConvoyError): void {
    if (this.#state !== 'announced') return
    this.#state = 'lost'
    this.#events.emit('lost', { cause })
  }

  /**
   * The same host announced the session from elsewhere, or a later one did. Not taken back on a reconnect, or two programs of
   * one host would take it from each other for ever.
   */
  replaced(): void {
    if (this.#state !== 'announced') return
    this.#state = 'replaced'
    const cause = new ConvoyError(
      'not-permitted',
      'The session was announced from elsewhere: update() takes it back, unless a later host has it.',
    )
    this.#events.emit('lost', { cause })
  }

  /** The service refuses the announcement, and would again: only a new one helps. */
  stale(cause: ConvoyError): void {
    if (this.#state === 'lost') this.#events.emit('stale', { cause })
  }

  async update(announcement: Announcement): Promise<void> {
    if (this.#state === 'closed') throw new ConvoyError('closed', 'The session is no longer announced here.')
    this.#announcement = announcement
    const connection = this.#client.connection()
    // While the service can't be reached the newest announcement waits for the reconnect.
    if (connection === undefined) return
    try {
      await this.announceOn(connection)
    } catch (error) {
      if (!isConvoyError(error, 'rendezvous-unreachable') || connection.isOpen()) throw error
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const route of this.#unheard.take()) route.close()
    this.#events.clear()
    this.#client.forget(this)
    const connection = this.#client.connection()
    if (!this.#mayBeUp || connection === undefined) return
    try {
      const request = { type: 'withdraw', session: this.sessionId } as const
      await connection.request(request, { deadlineMs: this.#client.withdrawMs })
    } catch (error) {
      // A service that is gone, or holds no such session, leaves nothing to do.
      if (!isConvoyError(error)) throw error
    }
  }
}
