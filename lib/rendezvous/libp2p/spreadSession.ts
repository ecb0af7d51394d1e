import {
  ConvoyError,
  Emitter,
  isConvoyError,
  throwIfAborted,
  type Cancel,
  type Clock,
  type Logger,
  type Unsubscribe,
} from '../../core/index.ts'
import type { RendezvousClient } from '../client.ts'
import type { Announcement, HostedSession, HostedSessionEvents, Route } from '../rendezvous.ts'
import { otherPlaceRetryMs } from './constants.ts'

/** A peer whose desk may hold the session too. */
export interface Place {
  readonly address: string
  readonly client: RendezvousClient
}

/** What a {@link SpreadSession} needs of the rendezvous it belongs to. */
export interface Spreading {
  readonly clock: Clock
  readonly logger: Logger
  /** This peer's own desk, which others reach directly or over a relay. */
  readonly own: RendezvousClient
  readonly places: readonly Place[]
  /** Whether others can dial this peer: then its own desk is enough. */
  readonly listens: boolean
  /** Whether they reach it over a relay now. */
  hasReservation(): boolean
  /** The announcement is up, or another one is. */
  published(announcement: Announcement): void
  closed(session: SpreadSession): void
}

/** A session at this peer's own desk and at those of the peers it was told of. */
export class SpreadSession implements HostedSession {
  readonly #spreading: Spreading
  readonly #events: Emitter<HostedSessionEvents>
  /** Where it is, or was before that place was lost. */
  readonly #hosted = new Map<Place | 'own', HostedSession>()
  /** Those of the others' that hold it now. */
  readonly #up = new Set<Place>()
  readonly #underWay = new Set<Place>()
  readonly #hopeless = new Set<Place>()
  readonly #abort = new AbortController()
  #announcement: Announcement
  #takesRoutes = false
  #isLost = false
  #isStarted = false
  #isReplaced = false
  #cancelRetry: Cancel | undefined
  #closed = false

  constructor(spreading: Spreading, announcement: Announcement) {
    this.#spreading = spreading
    this.#announcement = announcement
    this.#events = new Emitter(spreading.logger)
  }

  get announcement(): Announcement {
    return this.#announcement
  }

  /** Whether its owner still holds it, be it replaced for now. */
  get isOpen(): boolean {
    return !this.#closed
  }

  /** Whether this peer is the host that others shall find. */
  get isUp(): boolean {
    return this.#isStarted && !this.#closed && !this.#isReplaced
  }

  /**
   * Puts it up wherever it can be; one place by which others find it is enough.
   * @throws ConvoyError what is wrong with the announcement; the refusal of the places, where there is no other.
   */
  async start(reserving: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const { own, places, listens } = this.#spreading
    try {
      this.#join('own', await own.announce(this.#announcement, signal))
      const attempts = places.map((place) => this.#announceAt(place, signal))
      for (const attempt of attempts) attempt.catch((error: unknown) => this.#notThere(error))
      const refused = listens ? undefined : await this.#firstOf(attempts, reserving)
      throwIfAborted(signal)
      if (refused !== undefined) throw refused
    } catch (error) {
      void this.close()
      throw error
    }
    this.#isStarted = true
    this.#spreading.published(this.#announcement)
    this.#retryLater()
  }

  on<Name extends keyof HostedSessionEvents>(
    name: Name,
    listener: (event: HostedSessionEvents[Name]) => void,
  ): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    if (name === 'route' && !this.#takesRoutes) {
      this.#takesRoutes = true
      // Only now: until somebody listens, each of them keeps its own.
      for (const hosted of this.#hosted.values()) this.#takeRoutes(hosted)
    }
    return unsubscribe
  }

  async update(announcement: Announcement): Promise<void> {
    if (this.#closed) throw new ConvoyError('closed', 'The session is no longer announced here.')
    this.#announcement = announcement
    this.#isReplaced = false
    const own = this.#hosted.get('own')
    if (own === undefined) this.#join('own', await this.#spreading.own.announce(announcement))
    else await own.update(announcement)
    const outcomes = await Promise.allSettled(
      [...this.#hosted].filter(([at]) => at !== 'own').map(([, hosted]) => hosted.update(announcement)),
    )
    if (this.#abort.signal.aborted) return
    this.#spreading.published(announcement)
    this.#retryNow()
    const refusal = outcomes.find((outcome) => outcome.status === 'rejected')
    if (refusal !== undefined) throw refusal.reason
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelRetry?.()
    this.#events.clear()
    this.#abort.abort(new ConvoyError('closed', 'The session is no longer announced here.'))
    this.#spreading.closed(this)
    await Promise.all([...this.#hosted.values()].map((hosted) => hosted.close()))
    this.#hosted.clear()
  }

  /** A way by which others reach this peer came or went. */
  waysChanged(cause: ConvoyError): void {
    if (!this.#isStarted || this.#closed || this.#isReplaced) return
    const isLost = !this.#isFindable()
    if (isLost === this.#isLost) return
    this.#isLost = isLost
    if (isLost) this.#events.emit('lost', { cause })
    else this.#events.emit('restored', undefined)
  }

  /** Where desks hold it, or did, they count: a joiner that was sent there is told that there is no such session. */
  #isFindable(): boolean {
    if (this.#spreading.listens) return true
    return this.#hosted.size > 1 ? this.#up.size > 0 : this.#spreading.hasReservation()
  }

  /** What stands in the way where nobody finds the session; undefined where somebody does. */
  async #firstOf(
    attempts: readonly Promise<void>[],
    reserving: Promise<void>,
  ): Promise<ConvoyError | undefined> {
    try {
      await Promise.any(attempts)
      return undefined
    } catch (error) {
      const refusals = (error as AggregateError).errors.filter((cause) => isConvoyError(cause))
      // Another host has it, or nobody may: a reservation changes nothing about that.
      const verdict = refusals.find(({ code }) => code !== 'rendezvous-unreachable')
      if (verdict !== undefined) return verdict
      const noRoom = await reserving.then(
        () => undefined,
        (cause: unknown) => (isConvoyError(cause) ? cause : undefined),
      )
      if (this.#spreading.hasReservation()) return undefined
      if (noRoom !== undefined) return noRoom
      return (
        refusals[0] ??
        new ConvoyError(
          'rendezvous-unreachable',
          'Nobody can reach this peer: let it listen to an address, or name relays.',
        )
      )
    }
  }

  async #announceAt(place: Place, signal?: AbortSignal): Promise<void> {
    this.#underWay.add(place)
    try {
      const until = signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal])
      const hosted = await place.client.announce(this.#announcement, until)
      if (this.#abort.signal.aborted) return await hosted.close()
      this.#join(place, hosted)
      this.#up.add(place)
      this.waysChanged(new ConvoyError('rendezvous-unreachable', 'It is there again.'))
    } catch (error) {
      if (speaksNothing(error)) this.#hopeless.add(place)
      throw error
    } finally {
      this.#underWay.delete(place)
    }
  }

  #join(at: Place | 'own', hosted: HostedSession): void {
    this.#hosted.set(at, hosted)
    hosted.on('lost', ({ cause }) => this.#lostAt(at, cause))
    hosted.on('restored', () => {
      if (at !== 'own') this.#up.add(at)
      this.waysChanged(new ConvoyError('rendezvous-unreachable', 'It is there again.'))
    })
    hosted.on('stale', (event) => this.#events.emit('stale', event))
    if (this.#takesRoutes) this.#takeRoutes(hosted)
  }

  #takeRoutes(hosted: HostedSession): void {
    hosted.on('route', (route: Route) => this.#events.emit('route', route))
  }

  #lostAt(at: Place | 'own', cause: unknown): void {
    if (at !== 'own') this.#up.delete(at)
    if (isConvoyError(cause, 'not-permitted')) return this.#replaced(cause)
    this.waysChanged(
      isConvoyError(cause) ? cause : new ConvoyError('rendezvous-unreachable', 'It is lost.', { cause }),
    )
  }

  /** Announced from elsewhere, or by a later host: whoever asks here is not to find this one. */
  #replaced(cause: ConvoyError): void {
    if (this.#isReplaced || this.#closed) return
    this.#isReplaced = true
    const own = this.#hosted.get('own')
    // Where a later host put itself up here, its announcement stays: `own` is what was taken over.
    this.#hosted.delete('own')
    void own?.close()
    this.#spreading.closed(this)
    this.#events.emit('lost', { cause })
  }

  #notThere(error: unknown): void {
    if (!this.#closed) this.#spreading.logger.info('A peer does not hold the session.', { error })
  }

  #missing(): Place[] {
    return this.#spreading.places.filter(
      (place) => !this.#hosted.has(place) && !this.#underWay.has(place) && !this.#hopeless.has(place),
    )
  }

  #retryNow(): void {
    for (const place of this.#missing()) {
      this.#announceAt(place).catch((error: unknown) => this.#notThere(error))
    }
    this.#retryLater()
  }

  #retryLater(): void {
    this.#cancelRetry?.()
    if (this.#closed || this.#missing().length + this.#underWay.size === 0) return
    this.#cancelRetry = this.#spreading.clock.after(otherPlaceRetryMs, () => this.#retryNow())
  }
}

/** Whether the peer is there and will never do: it does not speak the protocol. */
function speaksNothing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause.name === 'UnsupportedProtocolError') return true
  return false
}
