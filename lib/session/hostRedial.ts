import { ConvoyError, equalBytes, isConvoyError, sleep, throwIfAborted, withDeadline } from '../core/index.ts'
import type { OpenedAnnouncement, PublicIdentity } from '../identity/index.ts'
import { protocolVersion } from '../protocol/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import type { Link } from '../rtc/index.ts'
import { rejoinAnswerMs, resumePauseMs, resumeRouteMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import type { LinkSignals } from './linkSignals.ts'
import type { SessionRecord } from './record.ts'
import { SealedRoute } from './sealedRoute.ts'

/** A route to who announces the session, opened anew, and how to let go of the rendezvous that it goes through. */
export interface ReopenedWay {
  readonly reached: ReachedSession
  /** What was checked of who announces. */
  readonly announced: OpenedAnnouncement
  close(): Promise<void>
}

/**
 * Opens a route anew: to the host, but to none of an epoch below `leastEpoch`, or to a meeting point where no host is found ([SUC-12]).
 * @throws ConvoyError as joining does: `session-not-found`, `rendezvous-unreachable`, …
 */
export type Reopen = (signal: AbortSignal, leastEpoch: number) => Promise<ReopenedWay>

/** What a {@link HostRedial} is made with. */
export interface HostRedialOptions {
  readonly environment: SessionEnvironment
  readonly host: PublicIdentity
  /** Who is host as this member knows. */
  readonly record: Pick<SessionRecord, 'epoch' | 'hostKey' | 'sessionId'>
  readonly incarnation: Uint8Array
  readonly link: Link
  readonly signals: LinkSignals
  readonly reopen: Reopen
  /** No host is announced: others may look for it as well, at the meeting point `way` where that is one ([SUC-12]). Never rejects. */
  unannounced(way: ReopenedWay | undefined, signal: AbortSignal): Promise<void>
}

/**
 * Dials the host again while a member's link to it is suspect ([LNK-73]): nobody else can bring the signals then,
 * so they go through the rendezvous as they did when it joined.
 */
export class HostRedial {
  readonly #options: HostRedialOptions
  readonly #abort = new AbortController()
  #busy = false

  constructor(options: HostRedialOptions) {
    this.#options = options
    const { link } = options
    link.on('suspect', () => this.start())
    link.on('unheard', () => this.start())
    link.on('closed', () => this.#abort.abort(new ConvoyError('closed', 'The link to the host is closed.')))
  }

  /** Begins to dial, unless that goes on already. */
  start(): void {
    const { environment, link } = this.#options
    if (this.#busy || link.state === 'closed' || !this.#isHost()) return
    this.#busy = true
    this.#dial()
      .catch((error: unknown) => environment.logger.debug('Dialling the host again ended.', { error }))
      .finally(() => (this.#busy = false))
  }

  async #dial(): Promise<void> {
    const { environment, link } = this.#options
    const { signal } = this.#abort
    do {
      try {
        await this.#attempt(signal)
      } catch (error) {
        throwIfAborted(signal)
        environment.logger.debug('The host was not reached for another connection.', { error })
        if (isConvoyError(error, 'session-not-found')) await this.#options.unannounced(undefined, signal)
      }
      await sleep(environment.clock, resumePauseMs, signal)
    } while (link.state === 'suspect' && this.#isHost())
  }

  /** Whether the link is still that to the host: others are dialled through their neighbours. */
  #isHost(): boolean {
    const { record, host } = this.#options
    return record.hostKey !== undefined && equalBytes(record.hostKey, host.signKey)
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { environment, record, host, incarnation, link, signals } = this.#options
    const way = await this.#options.reopen(signal, record.epoch)
    const { announced } = way
    if (announced.isMeeting) return this.#options.unannounced(way, signal).finally(() => way.close())
    const route = new SealedRoute(way.reached.route, environment)
    try {
      if (!equalBytes(announced.host.signKey, host.signKey)) {
        // Those who elected it tell this member, unless it has lost them too: then it comes back at the later host ([LNK-74]).
        await sleep(environment.clock, resumePauseMs, signal)
        if (announced.epoch > record.epoch) link.close()
        return
      }
      route.settleRemote(host)
      const { sessionId } = record
      route.send({
        type: 'resume',
        protocol: protocolVersion,
        sessionId,
        boxKey: environment.identity.boxKey,
        incarnation,
      })
      const { message } = await route.next(signal, rejoinAnswerMs)
      // It comes back as another incarnation then ([LNK-74]).
      if (message.type === 'refused') return link.close()
      if (message.type !== 'welcome') {
        throw new ConvoyError('message-malformed', `The host answered with "${message.type}" out of turn.`)
      }
      signals.use(route.signalPort())
      await movedWithin(link, environment, signal)
    } finally {
      route.close()
      await way.close()
    }
  }
}

/** Has the link dial, and waits until it has moved. */
function movedWithin(link: Link, { clock }: SessionEnvironment, signal: AbortSignal): Promise<void> {
  let unsubscribe = (): void => undefined
  const moved = new Promise<void>((resolve) => {
    unsubscribe = link.on('moved', () => resolve())
  })
  link.redial()
  return withDeadline(clock, resumeRouteMs, 'No other connection came about.', moved, signal).finally(() =>
    unsubscribe(),
  )
}
