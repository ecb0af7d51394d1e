import { ConvoyError, isConvoyError, withDeadline, type Cancel, type Unsubscribe } from '../core/index.ts'
import { signAnnouncement } from '../identity/index.ts'
import {
  defaultTimings,
  type Announcement,
  type HostedSession,
  type Rendezvous,
} from '../rendezvous/index.ts'
import { announcementLifetimeMs, successionOf, type Session } from '../session/index.ts'

/** How long changes are gathered before the listing is signed anew, ms: a group of friends joins at once. */
const refreshDelayMs = 1_000

/** Announcements are renewed this many times within their lifetime, so that two may fail. */
const renewalsPerLifetime = 3

/** How long places that are to take the session as well are waited for, ms: a slow round trip, with a connection that is there. */
const firstPlaceMs = 1_000

/** Waits before it is tried again where no rendezvous took it, ms; the last one repeats. */
const retryMs = defaultTimings.backOffMs

/**
 * Keeps a session announced at every rendezvous for as long as this peer is its host, be it the founder or one that proves
 * to have followed ([SUC-6]), or as a meeting point of members that have lost theirs ([SUC-12]).
 */
export class Announcing {
  readonly as: 'host' | 'meeting'
  readonly #session: Session
  readonly #rendezvous: readonly Rendezvous[]
  readonly #hosted = new Map<Rendezvous, HostedSession>()
  /** Where an announcement is under way. */
  readonly #underWay = new Map<Rendezvous, Promise<void>>()
  readonly #abort = new AbortController()
  readonly #unsubscribe: Unsubscribe[] = []
  #cancelRenewal: Cancel | undefined
  #cancelRefresh: Cancel | undefined
  #failures = 0
  #closed = false

  /** @param as - what this peer announces the session as: its host, or a meeting point ([SUC-12]). */
  constructor(session: Session, rendezvous: readonly Rendezvous[], as: 'host' | 'meeting' = 'host') {
    this.as = as
    this.#session = session
    this.#rendezvous = rendezvous
  }

  /**
   * Announces everywhere; the first place that takes it is enough, the others may take longer, and are tried again
   * at every renewal. It goes on trying until closed, also where it failed.
   * @throws the first failure when no rendezvous took it; `message-too-large` when nobody can be shown who is host.
   */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#session.environment
    this.#cancelRenewal = clock.every(announcementLifetimeMs / renewalsPerLifetime, () => void this.#renew())
    const { events } = this.#session
    const refresh = (): void => this.#refreshSoon()
    this.#unsubscribe.push(
      events.on('memberJoined', refresh),
      events.on('memberLeft', refresh),
      events.on('rulesChanged', refresh),
    )
    const attempts = this.#missing(await this.#announcement(), signal)
    void this.#report(attempts)
    if (attempts.length === 0) return
    try {
      await Promise.any(attempts)
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error
    }
  }

  /** Withdraws the session everywhere. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#abort.abort(new ConvoyError('closed', 'The session is no longer announced here.'))
    this.#cancelRenewal?.()
    this.#cancelRefresh?.()
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    await Promise.allSettled([...this.#hosted.values()].map((hosted) => hosted.close()))
    // A rendezvous takes a session once: who announces next must find it free.
    await Promise.allSettled(this.#underWay.values())
    this.#hosted.clear()
  }

  /** Attempts at every rendezvous that does not hold the session, and is not asked to already. */
  #missing(announcement: Announcement, signal: AbortSignal | undefined): Promise<void>[] {
    if (this.#closed) return []
    const until = signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal])
    return this.#rendezvous
      .filter((each) => !this.#hosted.has(each) && !this.#underWay.has(each))
      .map((each) => {
        const attempt = this.#announceAt(each, announcement, until).finally(() => this.#underWay.delete(each))
        this.#underWay.set(each, attempt)
        return attempt
      })
  }

  async #announceAt(each: Rendezvous, announcement: Announcement, signal: AbortSignal): Promise<void> {
    const { logger } = this.#session.environment
    const hosted = await each.announce(announcement, signal)
    if (this.#closed) return hosted.close()
    this.#hosted.set(each, hosted)
    hosted.on('route', (route) => {
      const { hostRole, role } = this.#session
      if (this.as === 'meeting') role?.meet(route)
      else if (hostRole === undefined) route.close()
      else hostRole.receive(route)
    })
    hosted.on('lost', () =>
      logger.warn('A rendezvous is out of reach; members are not affected.', { at: each.hint }),
    )
    hosted.on('stale', () => this.#refreshSoon())
  }

  #refreshSoon(ms = refreshDelayMs): void {
    if (this.#closed) return
    this.#cancelRefresh ??= this.#session.environment.clock.after(ms, () => {
      this.#cancelRefresh = undefined
      void this.#renew()
    })
  }

  async #renew(): Promise<void> {
    try {
      const announcement = await this.#announcement()
      if (this.#closed) return
      const held = [...this.#hosted.values()]
      const attempts = this.#missing(announcement, undefined)
      // Services may tell each other: where it is up, one that is to take it as well has to see it first, or it is a repetition there.
      await this.#settled(attempts)
      const updates = held.map((hosted) => hosted.update(announcement))
      await this.#report([...updates, ...attempts])
    } catch (error) {
      this.#session.environment.logger.error('The session could not be announced.', { error })
    }
  }

  /** Once all are, or after as long as a place that answers takes at most. */
  async #settled(attempts: readonly Promise<void>[]): Promise<void> {
    if (attempts.length === 0) return
    const { clock } = this.#session.environment
    await withDeadline(clock, firstPlaceMs, 'Some take longer.', Promise.allSettled(attempts)).catch(() => {})
  }

  /**
   * Logs those of `attempts` that come to nothing. They are repeated soon where nobody finds the session, or finds what
   * somebody else put up again, which only a newer announcement replaces.
   */
  async #report(attempts: readonly Promise<void>[]): Promise<void> {
    let isReplayed = false
    for (const outcome of await Promise.allSettled(attempts)) {
      if (outcome.status === 'fulfilled' || this.#closed) continue
      isReplayed ||= isConvoyError(outcome.reason, 'message-replayed')
      this.#session.environment.logger.info('An announcement came to nothing.', { error: outcome.reason })
    }
    const isUnheld = attempts.length > 0 && this.#hosted.size === 0
    if (!isUnheld && !isReplayed) {
      this.#failures = 0
      return
    }
    this.#tryAgain()
  }

  #tryAgain(): void {
    this.#refreshSoon(retryMs[Math.min(this.#failures++, retryMs.length - 1)])
  }

  /** Those who can attest who is host may be back soon, where there is no proof that is short enough. */
  async #announcement(): Promise<Announcement> {
    try {
      return await this.#sign()
    } catch (error) {
      this.#tryAgain()
      throw error
    }
  }

  async #sign(): Promise<Announcement> {
    const { environment, record } = this.#session
    const { identity, clock, random } = environment
    const { state, sessionId } = record
    const { rules } = state
    const isMeeting = this.as === 'meeting'
    const { founder, founderNonce, epoch, proof } = successionOf(this.#session, isMeeting)
    const listed = !isMeeting && rules.showServer && !rules.friendsOnly
    const envelope = await signAnnouncement(
      identity,
      {
        sessionId,
        founderKey: founder.signKey,
        founderNonce,
        boxKey: identity.boxKey,
        ...((isMeeting || epoch > 0) && {
          succession: { epoch, founderBoxKey: founder.boxKey, ...(isMeeting && { meeting: true as const }) },
        }),
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
    const { password } = state
    return {
      sessionId,
      envelope,
      proof,
      password: password === null ? null : { salt: password.salt, iterations: password.iterations },
    }
  }
}
