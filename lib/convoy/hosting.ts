import { SerialQueue } from '../core/index.ts'
import type { Session } from '../session/index.ts'
import { Announcing } from './announcing.ts'
import type { OpenedRendezvous } from './environment.ts'

/** Keeps the session announced while this peer is its host, whenever that is, or its meeting point. */
export class Hosting {
  readonly #session: Session
  readonly #open: () => OpenedRendezvous
  #rendezvous: OpenedRendezvous | undefined
  #announcing: Announcing | undefined
  /** One announcement ends before another begins. */
  readonly #turns: SerialQueue
  /** Whether members that lost their host would find nobody but this peer. */
  #meets = false
  #closed = false

  /** @param open - opens the rendezvous to announce at: called when they are first needed. */
  constructor(session: Session, open: () => OpenedRendezvous) {
    this.#session = session
    this.#open = open
    const { logger } = session.environment
    this.#turns = new SerialQueue((error) => logger.warn('The session is announced still.', { error }))
    const follow = (): void => this.#turns.add(() => this.#follow())
    session.events.on('unannounced', () => {
      this.#meets = true
      follow()
    })
    for (const found of ['hostChanged', 'hostBack', 'reentered'] as const)
      session.events.on(found, () => {
        this.#meets = false
        follow()
      })
    // The host may be heard again.
    session.events.on('memberChanged', follow)
  }

  /**
   * Announces the session, where this peer is host.
   * @throws ConvoyError as announcing does where no rendezvous takes it; `aborted`.
   */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#begin('host').start(signal)
  }

  /** Connects anew to where the session is announced: the network changed. */
  reconnect(): void {
    for (const each of this.#rendezvous?.all ?? []) each.reconnect?.()
  }

  /** Withdraws the session, and lets go of the rendezvous. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#announcing?.close()
    await this.#rendezvous?.close()
  }

  /** What this peer is to announce the session as now. */
  get #wanted(): Announcing['as'] | undefined {
    if (this.#closed) return undefined
    if (this.#session.isHost) return 'host'
    const { authority } = this.#session
    // Only who votes can show that it may, and others need nobody to agree.
    return this.#meets && !authority.isActive && authority.votes ? 'meeting' : undefined
  }

  async #follow(): Promise<void> {
    const former = this.#announcing
    if (this.#wanted === former?.as) return
    this.#announcing = undefined
    await former?.close()
    const wanted = this.#wanted
    if (wanted === undefined) return
    const announcing = this.#begin(wanted)
    // What follows does not wait for it: rendezvous may be out of reach for long.
    announcing.start(undefined).catch(async (error: unknown) => {
      const { logger } = this.#session.environment
      if (wanted === 'meeting') await this.#meetElsewhere(announcing)
      else logger.warn('The session is not announced: nobody new can join.', { error })
    })
  }

  #begin(as: Announcing['as']): Announcing {
    this.#rendezvous ??= this.#open()
    this.#announcing = new Announcing(this.#session, this.#rendezvous.all, as)
    return this.#announcing
  }

  /** Somebody else waits at the meeting point already, where this peer finds it. */
  #meetElsewhere(announcing: Announcing): Promise<void> {
    if (this.#announcing === announcing) {
      this.#announcing = undefined
      this.#meets = false
    }
    return announcing.close()
  }
}
