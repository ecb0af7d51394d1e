import type { Session } from '../session/index.ts'
import { Announcing } from './announcing.ts'
import type { OpenedRendezvous } from './environment.ts'

/** Keeps the session announced while this peer is its host, whenever that is. */
export class Hosting {
  readonly #session: Session
  readonly #open: () => OpenedRendezvous
  #rendezvous: OpenedRendezvous | undefined
  #announcing: Announcing | undefined
  #closed = false

  /** @param open - opens the rendezvous to announce at: called when they are first needed. */
  constructor(session: Session, open: () => OpenedRendezvous) {
    this.#session = session
    this.#open = open
    session.events.on('hostChanged', () => {
      this.#follow().catch((error: unknown) => {
        session.environment.logger.warn('The session is not announced: nobody new can join.', { error })
      })
    })
  }

  /**
   * Announces the session, where this peer is host.
   * @throws ConvoyError as announcing does where no rendezvous takes it; `aborted`.
   */
  async start(signal?: AbortSignal): Promise<void> {
    this.#rendezvous ??= this.#open()
    this.#announcing = new Announcing(this.#session, this.#rendezvous.all)
    await this.#announcing.start(signal)
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

  async #follow(): Promise<void> {
    const former = this.#announcing
    if (this.#closed || this.#session.isHost === (former !== undefined)) return
    this.#announcing = undefined
    await former?.close()
    if (this.#session.isHost) await this.start()
  }
}
