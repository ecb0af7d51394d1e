import { Emitter, Unheard, type Logger, type Unsubscribe } from '../../core/index.ts'
import { unheardRoutes } from '../constants.ts'
import type {
  Announcement,
  EarlyChallenge,
  HostedSession,
  HostedSessionEvents,
  Route,
} from '../rendezvous.ts'

/** A session that takes joiners by codes. */
export class HandHosted implements HostedSession {
  readonly #events: Emitter<HostedSessionEvents>
  readonly #nonce: Uint8Array
  readonly #check: (announcement: Announcement) => Promise<void>
  readonly #forget: () => void
  #announcement: Announcement
  readonly #unheard = new Unheard<Route>(unheardRoutes)
  #closed = false

  constructor(
    announcement: Announcement,
    options: {
      nonce: Uint8Array
      logger: Logger
      check: (announcement: Announcement) => Promise<void>
      forget: () => void
    },
  ) {
    this.#announcement = announcement
    this.#nonce = options.nonce
    this.#check = options.check
    this.#forget = options.forget
    this.#events = new Emitter(options.logger)
  }

  get announcement(): Announcement {
    return this.#announcement
  }

  /** What every joiner by codes answers beforehand. */
  get challenge(): EarlyChallenge {
    return { nonce: this.#nonce, password: this.#announcement.password ?? null }
  }

  on<Name extends keyof HostedSessionEvents>(
    name: Name,
    listener: (event: HostedSessionEvents[Name]) => void,
  ): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    if (name === 'route') for (const route of this.#unheard.take()) this.#events.emit('route', route)
    return unsubscribe
  }

  /** The offer of a joiner was taken. */
  arrived(route: Route): void {
    if (this.#unheard.heard) this.#events.emit('route', route)
    else if (!this.#unheard.keep(route)) route.close()
  }

  async update(announcement: Announcement): Promise<void> {
    await this.#check(announcement)
    if (!this.#closed) this.#announcement = announcement
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      for (const route of this.#unheard.take()) route.close()
      this.#events.clear()
      this.#forget()
    }
    return Promise.resolve()
  }
}
