import {
  ConvoyError,
  equalBytes,
  isConvoyError,
  sleep,
  throwIfAborted,
  type ErrorCode,
} from '../core/index.ts'
import type { Invite } from '../identity/index.ts'
import type { LoadOrder } from '../protocol/index.ts'
import {
  rejoinAnswerMs,
  rejoinEagerMs,
  rejoinLinkTimings,
  rejoinPausesMs,
  rejoinReachMs,
  rejoinSteadyMs,
  rejoinTirelessPauseMs,
  searchPauseMs,
  unreachedPauseMs,
} from './constants.ts'
import { admittedMember, enter, type EntranceOptions, type HostWay } from './entrance.ts'
import type { SessionEnvironment } from './environment.ts'
import { HostRedial, type Reopen, type ReopenedWay } from './hostRedial.ts'
import type { JoinerProfile } from './knock.ts'
import type { LeaveReason } from './member.ts'
import { meet } from './meeting.ts'
import type { MemberRole, WayBack } from './memberRole.ts'
import type { SessionRecord } from './record.ts'
import type { Session } from './session.ts'

/** What a {@link Rejoin} is made with. */
export interface RejoinOptions {
  readonly environment: SessionEnvironment
  readonly invite: Invite
  /** As it joined; its password is kept as the key that it became. */
  readonly profile: JoinerProfile
  readonly loadOrder: LoadOrder
  readonly session: Session
  readonly role: MemberRole
  readonly reopen: Reopen
}

/**
 * Refusals of a host that no waiting mends. They come signed by it; nothing on this side throws them.
 */
const finalRefusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'protocol-version',
  'game-version',
  'password-required',
  'password-wrong',
  'session-full',
  'banned',
  'kicked',
  'replaced',
  'class-refused',
  'spectators-refused',
  'claims-missing',
  'admit-refused',
  'load-order-mismatch',
  'channel-mismatch',
])

/** Brings a member back that lost its host without a word of farewell ([LNK-74]). */
export class Rejoin implements WayBack {
  readonly #options: RejoinOptions
  readonly #abort = new AbortController()
  #redial: HostRedial | undefined
  /** Ends the pause or the attempt under way, for another attempt at once. */
  #hurry = new AbortController()
  #running: Promise<void> | undefined
  #busy = false
  #searching: Promise<void> | undefined
  #failures = 0
  /** Whether the host has just admitted this member: the link that comes now is that one. */
  #isReturning = false
  /** Whether the last attempt came as far as a rendezvous. */
  #reached = false
  #awaySince = 0
  #returnedAt = -Infinity

  /** @param way - the link to the host; undefined for who founded the session. */
  constructor(options: RejoinOptions, way: HostWay | undefined) {
    this.#options = options
    if (way !== undefined) this.#redial = this.#follow(way, options.profile.incarnation)
  }

  lost(): void {
    const { clock } = this.#options.environment
    if (this.#busy || this.#abort.signal.aborted) return
    this.#busy = true
    // A link that does not last must not make a loop of joining and leaving, which the record keeps for good.
    if (clock.now() - this.#returnedAt < rejoinSteadyMs) this.#failures++
    else {
      this.#failures = 0
      this.#awaySince = clock.now()
    }
    this.#running = this.#comeBack().catch((error: unknown) => {
      this.#options.environment.logger.debug('Coming back ended.', { error })
    })
  }

  search(): void {
    const { environment } = this.#options
    if (this.#busy || this.#searching !== undefined || this.#abort.signal.aborted) return
    this.#searching = this.#search(this.#abort.signal)
      .catch((error: unknown) => environment.logger.debug('Nobody was met.', { error }))
      .finally(() => (this.#searching = undefined))
  }

  networkChanged(): void {
    if (!this.#busy) return this.#redial?.start()
    this.#awaySince = this.#options.environment.clock.now()
    this.#hurry.abort(new ConvoyError('closed', 'The network changed.'))
  }

  async close(): Promise<void> {
    this.#abort.abort(new ConvoyError('closed', 'The session is closed.'))
    await this.#running
    await this.#searching
  }

  #follow({ host, link, signals }: HostWay, incarnation: Uint8Array): HostRedial {
    const { environment, session, reopen } = this.#options
    const { record } = session
    const unannounced = (met: ReopenedWay | undefined, signal: AbortSignal): Promise<void> =>
      this.#meet(met, signal).catch((error: unknown) => {
        environment.logger.debug('Nobody was met.', { error })
      })
    const way = { environment, record, host, incarnation, link, signals, reopen, unannounced }
    return new HostRedial(way)
  }

  /** A host that is announced is left to the link with it, which is dialled again, or gives up in time. */
  async #search(signal: AbortSignal): Promise<void> {
    const { environment } = this.#options
    try {
      const way = await this.#reopen(signal)
      try {
        if (way === undefined || way.announced.isMeeting) await this.#meet(way, signal)
      } finally {
        way?.reached.route.close()
        await way?.close()
      }
    } finally {
      await sleep(environment.clock, searchPauseMs, signal)
    }
  }

  async #comeBack(): Promise<void> {
    const { environment, session } = this.#options
    const { signal } = this.#abort
    // As the process that it is, where the record still has that; else the same new one for all attempts: one that the
    // host admitted, and this side heard nothing of, is no other's.
    let { incarnation } = session.self
    // Those who elected the host may bring a link to it sooner than the rendezvous does.
    const unsubscribe = session.events.on('linkReady', ({ member }) => {
      if (member.id === session.host.id && !session.isAdrift && !this.#isReturning)
        this.#hurry.abort(new ConvoyError('closed', 'There is a link to the host.'))
    })
    try {
      while (session.isAdrift) {
        this.#hurry = new AbortController()
        const round = AbortSignal.any([signal, this.#hurry.signal])
        try {
          await this.#pause(round)
          // What it promised to a later epoch would keep it from following this host; another incarnation promised nothing.
          const isPromised = session.authority.epoch > session.record.epoch
          if (isPromised && this.#isSelf(incarnation)) incarnation = environment.random.bytes(8)
          await this.#attempt(incarnation, round)
        } catch (error) {
          throwIfAborted(signal)
          if (this.#hurry.signal.aborted) this.#failures = 0
          else if (isConvoyError(error, 'unknown-member') && this.#isSelf(incarnation)) {
            this.#failures = 0
            incarnation = environment.random.bytes(8)
          } else if (isConvoyError(error) && finalRefusals.has(error.code)) return this.#giveUp(error)
          else this.#failures++
          environment.logger.debug('An attempt to come back failed.', { error })
        }
      }
    } finally {
      unsubscribe()
      this.#busy = false
    }
  }

  #isSelf(incarnation: Uint8Array): boolean {
    return equalBytes(incarnation, this.#options.session.self.incarnation)
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options.environment
    if (this.#failures === 0) return
    const eager = clock.now() - this.#awaySince < rejoinEagerMs
    const index = Math.min(this.#failures, rejoinPausesMs.length) - 1
    const eagerMs = this.#reached ? (rejoinPausesMs[index] ?? 0) : unreachedPauseMs
    const ms = eager ? eagerMs : rejoinTirelessPauseMs
    const pauseMs = ms * (0.75 + random.next() / 2)
    const until = clock.now() + pauseMs
    await sleep(clock, pauseMs, signal)
    // This process slept: what had failed for long may work now.
    if (clock.now() - until > rejoinTirelessPauseMs) this.#awaySince = clock.now()
  }

  async #attempt(incarnation: Uint8Array, signal: AbortSignal): Promise<void> {
    const { environment, invite, profile, loadOrder, session, role } = this.#options
    const { record } = session
    const way = await this.#reopen(signal)
    try {
      if (way === undefined || way.announced.isMeeting) return await this.#meet(way, signal)
      await enter(
        way.reached,
        {
          environment,
          invite,
          profile: { ...profile, incarnation, former: session.self.incarnation },
          loadOrder,
          timings: rejoinLinkTimings,
          challengeWithinMs: rejoinAnswerMs,
          leastEpoch: record.epoch,
          get holds() {
            return heldOf(record)
          },
          entry: async (bytes) => {
            if (!record.has(bytes)) await record.accept(bytes)
          },
          snapshot: (bundle, host) =>
            // What it promised binds the incarnation that it was ([AUT-2]).
            record.install(bundle, host.signKey, () =>
              this.#isSelf(incarnation) ? session.authority.epoch : record.epoch,
            ),
          admitted: (admission, hostWay) => {
            const { signKey } = environment.identity
            const self = admittedMember(record, admission, hostWay, signKey, incarnation)
            session.authority.adopt()
            this.#returnedAt = environment.clock.now()
            this.#redial = this.#follow(hostWay, incarnation)
            const { ticket } = admission
            this.#isReturning = true
            if (this.#isSelf(incarnation)) role.resume(ticket, hostWay.control)
            else role.reenter(self, ticket, hostWay.control)
            role.adopt(session.host, hostWay.link, hostWay.signals)
            this.#isReturning = false
          },
        },
        signal,
      )
    } finally {
      await way?.close()
    }
  }

  /** A route to the host, or to a meeting point: soon, or another attempt is better. Undefined where neither is announced. */
  async #reopen(signal: AbortSignal): Promise<ReopenedWay | undefined> {
    const { environment, session, reopen } = this.#options
    const late = new AbortController()
    const cancel = environment.clock.after(rejoinReachMs, () =>
      late.abort(new ConvoyError('rendezvous-unreachable', 'No rendezvous answered in time.')),
    )
    this.#reached = true
    try {
      return await reopen(AbortSignal.any([signal, late.signal]), session.record.epoch)
    } catch (error) {
      this.#reached = !isConvoyError(error, 'rendezvous-unreachable')
      if (isConvoyError(error, 'session-not-found')) return undefined
      throw error
    } finally {
      cancel()
    }
  }

  /**
   * Goes where others that look for the host as well may be; where nobody is, this peer may wait for them there.
   * @throws ConvoyError `session-not-found` at last: the host is not found by that.
   */
  async #meet(way: ReopenedWay | undefined, signal: AbortSignal): Promise<void> {
    const { session, role } = this.#options
    if (way === undefined) session.events.emit('unannounced', undefined)
    else role.met(await meet(session, way.reached, way.announced, signal))
    throw new ConvoyError('session-not-found', 'No host is announced for the session.')
  }

  #giveUp({ code, message }: ConvoyError): void {
    const { session } = this.#options
    const { reason, detail } = removalOf(code, message)
    session.events.emit('removed', { reason, detail, code })
    // It waits for what called this.
    void session.close()
  }
}

/** What is committed here: who has that as well needs to send what follows only. */
function heldOf(record: SessionRecord): EntranceOptions['holds'] {
  const { committed } = record
  const digest = record.digestAt(committed)
  return digest === undefined ? undefined : { committed, digest }
}

function removalOf(code: ErrorCode, detail: string): { reason: LeaveReason; detail: string } {
  if (code === 'kicked' || code === 'banned') return { reason: code, detail }
  return { reason: code === 'replaced' ? 'lost' : 'refused', detail }
}
