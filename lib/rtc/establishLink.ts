import { abortError, Counters, ConvoyError, isConvoyError, type Cancel } from '../core/index.ts'
import * as v from 'valibot'
import { signalSchema, type Signal } from '../protocol/index.ts'
import { defaultLinkBudgets } from './budgets.ts'
import type { IceServer } from './connection.ts'
import { defaultTimings, retryFirstMs, retryLastMs } from './constants.ts'
import type { EstablishOptions, Link, LinkTimings } from './link.ts'
import { PeerLink } from './peerLink.ts'
import { RelayWatch } from './relayWatch.ts'

/**
 * Makes a link with the peer at the other end of `options.signals`, which must do the same with the opposite
 * `initiator`. Attempts that fail or take too long are repeated, with a growing pause; the responder follows.
 * @throws ConvoyError `link-failed` when no attempt succeeded, with `details.relay` ({@link RelayFinding}); `aborted`.
 * @example
 * ```ts
 * const link = await establishLink({ connector, initiator: true, signals, clock, random })
 * link.on('control', (message) => handle(message))
 * link.sendState(payload)
 * ```
 */
export function establishLink(options: EstablishOptions): Promise<Link> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) reject(abortError(options.signal))
    else new Establishment(options, resolve, reject).start()
  })
}

class Establishment {
  readonly #options: EstablishOptions
  readonly #timings: LinkTimings
  readonly #resolve: (link: Link) => void
  readonly #reject: (error: unknown) => void
  readonly #dropped = new Counters()
  readonly #relays: RelayWatch
  readonly #onAbort = (): void => this.#fail(abortError(this.#options.signal))
  #current: PeerLink | undefined
  #cancelTimer: Cancel | undefined
  #settled = false
  #established = false

  constructor(options: EstablishOptions, resolve: (link: Link) => void, reject: (error: unknown) => void) {
    this.#options = options
    this.#timings = { ...defaultTimings, ...options.timings }
    this.#resolve = resolve
    this.#reject = reject
    this.#relays = new RelayWatch(() => this.#iceServers())
  }

  start(): void {
    const { initiator, signal, signals } = this.#options
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    signals.onSignal((received) => this.#receiveSignal(received))
    if (this.#settled) return
    if (initiator) this.#begin(0)
    else if (this.#current === undefined) this.#wait(this.#patience())
  }

  // The responder begins what the other side has begun, unless that is over already.
  #receiveSignal(signal: Signal): void {
    if (!v.is(signalSchema, signal)) return this.#dropped.add('signal-malformed')
    if (this.#established) return this.#current?.signal(signal)
    const attempt = this.#current?.attempt ?? -1
    if (!this.#settled && !this.#options.initiator && signal.attempt > attempt) this.#begin(signal.attempt)
    if (signal.attempt === this.#current?.attempt) this.#current.signal(signal)
    else this.#dropped.add('signal-attempt')
  }

  #begin(attempt: number): void {
    const former = this.#current
    this.#current = undefined
    former?.giveUp(undefined)
    const { attemptMs } = this.#timings
    this.#after(attemptMs, () =>
      this.#current?.giveUp(new ConvoyError('timeout', `No connection came about within ${attemptMs} ms.`)),
    )
    this.#current = new PeerLink({
      connector: this.#options.connector,
      initiator: this.#options.initiator,
      attempt,
      iceServers: () => this.#iceServers(),
      iceTransportPolicy: this.#options.iceTransportPolicy ?? 'all',
      clock: this.#options.clock,
      timings: this.#timings,
      budgets: { ...defaultLinkBudgets, ...this.#options.budgets },
      redials: this.#options.redials ?? false,
      wholeSignals: this.#options.wholeSignals ?? false,
      dropped: this.#dropped,
      logger: this.#options.logger,
      sendSignal: (signal) => {
        this.#relays.note(signal)
        this.#options.signals.send(signal)
      },
      established: (link) => this.#succeed(link),
      failed: (link, cause) => {
        if (link === this.#current) this.#onFailed(attempt, cause)
      },
    })
  }

  #onFailed(attempt: number, cause: unknown): void {
    this.#options.logger?.debug('An attempt at a link failed.', { attempt, cause })
    // It can't even begin: no pause helps against that.
    if (isConvoyError(cause, 'link-failed')) return this.#fail(cause)
    if (attempt + 1 >= this.#timings.attempts) {
      this.#fail(
        new ConvoyError(
          'link-failed',
          `No connection came about in ${this.#timings.attempts} attempts: ${this.#relays.advice()}`,
          { cause, details: { relay: this.#relays.finding } },
        ),
      )
    } else if (this.#options.initiator) {
      const most = Math.min(retryFirstMs * 2 ** attempt, retryLastMs)
      this.#after(most * (0.5 + 0.5 * this.#options.random.next()), () => this.#begin(attempt + 1))
    } else {
      this.#wait(this.#patience())
    }
  }

  #iceServers(): readonly IceServer[] {
    const { iceServers = [] } = this.#options
    return typeof iceServers === 'function' ? iceServers() : iceServers
  }

  // How long the responder waits for a first or further attempt: all the other side may still make.
  #patience(): number {
    return this.#timings.attempts * (this.#timings.attemptMs + retryLastMs)
  }

  #wait(ms: number): void {
    this.#after(ms, () =>
      this.#fail(new ConvoyError('link-failed', 'The other side made no attempt to connect.')),
    )
  }

  #after(ms: number, action: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.clock.after(ms, action)
  }

  #succeed(link: PeerLink): void {
    this.#established = true
    this.#settle()
    this.#resolve(link)
  }

  #fail(error: unknown): void {
    if (this.#settled) return
    this.#settle()
    const last = this.#current
    this.#current = undefined
    last?.giveUp(error)
    this.#reject(error)
  }

  #settle(): void {
    this.#settled = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
  }
}
