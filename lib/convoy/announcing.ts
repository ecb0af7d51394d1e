import type { Cancel, Unsubscribe } from '../core/index.ts'
import { signAnnouncement } from '../identity/index.ts'
import type { Announcement, HostedSession, Rendezvous } from '../rendezvous/index.ts'
import { announcementLifetimeMs, type Session } from '../session/index.ts'

/** How long changes are gathered before the listing is signed anew, ms: a group of friends joins at once. */
const refreshDelayMs = 1_000

/** Announcements are renewed this many times within their lifetime, so that two may fail. */
const renewalsPerLifetime = 3

/** Keeps a session announced at every rendezvous for as long as its host lives. */
export class Announcing {
  readonly #session: Session
  readonly #rendezvous: readonly Rendezvous[]
  readonly #hosted = new Map<Rendezvous, HostedSession>()
  /** Where an announcement is under way. */
  readonly #underWay = new Set<Rendezvous>()
  readonly #unsubscribe: Unsubscribe[] = []
  #cancelRenewal: Cancel | undefined
  #cancelRefresh: Cancel | undefined
  #closed = false

  constructor(session: Session, rendezvous: readonly Rendezvous[]) {
    this.#session = session
    this.#rendezvous = rendezvous
  }

  /**
   * Announces everywhere; the first place that takes it is enough, the others may take longer, and are tried again
   * at every renewal.
   * @throws the first failure when no rendezvous took it.
   */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const attempts = await this.#missing(signal)
    if (attempts.length > 0) {
      try {
        await Promise.any(attempts)
      } catch (error) {
        throw error instanceof AggregateError ? error.errors[0] : error
      }
    }
    void this.#report(attempts)
    const { clock } = this.#session.environment
    this.#cancelRenewal = clock.every(announcementLifetimeMs / renewalsPerLifetime, () => void this.#renew())
    const { events } = this.#session
    const refresh = (): void => this.#refreshSoon()
    this.#unsubscribe.push(
      events.on('memberJoined', refresh),
      events.on('memberLeft', refresh),
      events.on('rulesChanged', refresh),
    )
  }

  /** Withdraws the session everywhere. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRenewal?.()
    this.#cancelRefresh?.()
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    await Promise.allSettled([...this.#hosted.values()].map((hosted) => hosted.close()))
    this.#hosted.clear()
  }

  /** Attempts at every rendezvous that does not hold the session, and is not asked to already. */
  async #missing(signal: AbortSignal | undefined): Promise<Promise<void>[]> {
    const announcement = await this.#announcement()
    const { logger } = this.#session.environment
    return this.#rendezvous
      .filter((each) => !this.#hosted.has(each) && !this.#underWay.has(each))
      .map(async (each) => {
        this.#underWay.add(each)
        try {
          const hosted = await each.announce(announcement, signal)
          if (this.#closed) return await hosted.close()
          this.#hosted.set(each, hosted)
          hosted.on('route', (route) => {
            const { hostRole } = this.#session
            if (hostRole === undefined) route.close()
            else hostRole.receive(route)
          })
          hosted.on('lost', () =>
            logger.warn('A rendezvous is out of reach; members are not affected.', { at: each.hint }),
          )
          hosted.on('stale', () => this.#refreshSoon())
        } finally {
          this.#underWay.delete(each)
        }
      })
  }

  #refreshSoon(): void {
    if (this.#closed) return
    this.#cancelRefresh ??= this.#session.environment.clock.after(refreshDelayMs, () => {
      this.#cancelRefresh = undefined
      void this.#renew()
    })
  }

  async #renew(): Promise<void> {
    try {
      const announcement = await this.#announcement()
      if (this.#closed) return
      const updates = [...this.#hosted.values()].map((hosted) => hosted.update(announcement))
      await this.#report([...updates, ...(await this.#missing(undefined))])
    } catch (error) {
      this.#session.environment.logger.error('The announcement could not be signed.', { error })
    }
  }

  /** Logs those of `attempts` that come to nothing. */
  async #report(attempts: readonly Promise<void>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(attempts)) {
      if (outcome.status === 'fulfilled' || this.#closed) continue
      this.#session.environment.logger.info('An announcement came to nothing.', { error: outcome.reason })
    }
  }

  async #announcement(): Promise<Announcement> {
    const { environment, record } = this.#session
    const { identity, clock, random } = environment
    const { state, sessionId } = record
    const { rules, founderNonce } = state
    if (founderNonce === undefined) throw new Error('A founded record has a founder nonce.')
    const listed = rules.showServer && !rules.friendsOnly
    const envelope = await signAnnouncement(
      identity,
      {
        sessionId,
        founderKey: identity.signKey,
        founderNonce,
        boxKey: identity.boxKey,
        listing: listed
          ? {
              lobbyName: rules.lobbyName,
              description: rules.description,
              game: state.game === null ? null : { ...state.game },
              players: state.memberCount,
              maxPlayers: rules.maxPlayers,
              passwordRequired: state.password !== null,
              vehicleClasses: rules.vehicleClasses,
            }
          : null,
      },
      { clock, random, lifetimeMs: announcementLifetimeMs },
    )
    return { sessionId, envelope }
  }
}
