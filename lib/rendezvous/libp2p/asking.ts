import { ConvoyError, isConvoyError, throwIfAborted, type Cancel, type Clock } from '../../core/index.ts'
import { openAnnouncement } from '../../identity/index.ts'
import { deferred } from '../deferred.ts'
import type { ReachedSession } from '../rendezvous.ts'
import type { Libp2pTimings } from './constants.ts'

/** A peer that may know the session. */
export interface AskedPeer {
  reach(signal: AbortSignal): Promise<ReachedSession>
  /** Whether it is who signs with this key: then it is the host itself, as noise has shown. */
  is(signKey: Uint8Array): boolean
}

/** What {@link askForSession} goes by. */
export interface AskingOptions {
  readonly sessionId: Uint8Array
  readonly known: readonly AskedPeer[]
  /** Finds more where those do not help. */
  readonly search: (signal: AbortSignal) => AsyncIterable<AskedPeer>
  readonly clock: Clock
  readonly timings: Libp2pTimings
  /** For the error that tells that nobody answered. */
  readonly unreachable: (causes: readonly unknown[]) => ConvoyError
}

/**
 * Asks several peers for a session at once ([P2P-9] to [P2P-11]). The host's own answer counts at once, that of somebody in between
 * once the host's own has had its chance; what does not prove to be this session's announcement counts as none.
 * @throws ConvoyError `session-not-found` where somebody answered, else `rendezvous-unreachable`; `aborted`.
 */
export async function askForSession(options: AskingOptions, signal?: AbortSignal): Promise<ReachedSession> {
  throwIfAborted(signal)
  const asking = new Asking(options)
  const stop = (): void => asking.abort(signal)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await asking.outcome
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

class Asking {
  readonly #options: AskingOptions
  readonly #outcome = deferred<ReachedSession>()
  readonly #enough = new AbortController()
  readonly #causes: unknown[] = []
  #underWay = 0
  #searched = false
  #second: ReachedSession | undefined
  #over = false
  #cancelGrace: Cancel | undefined
  readonly #cancelSearch: Cancel

  constructor(options: AskingOptions) {
    this.#options = options
    const { clock, timings, known } = options
    this.#cancelSearch = clock.after(timings.searchAfterMs, () => void this.#search())
    for (const peer of known) void this.#ask(peer)
    this.#check()
  }

  get outcome(): Promise<ReachedSession> {
    return this.#outcome.promise
  }

  abort(signal: AbortSignal | undefined): void {
    this.#finish(() => {
      this.#second?.route.close()
      this.#outcome.reject(new ConvoyError('aborted', 'The call was aborted.', { cause: signal?.reason }))
    })
  }

  async #ask(peer: AskedPeer): Promise<void> {
    this.#underWay++
    try {
      const reached = await peer.reach(this.#enough.signal)
      try {
        this.#take(reached, await this.#isHost(peer, reached))
      } catch (error) {
        reached.route.close()
        throw error
      }
    } catch (error) {
      this.#causes.push(error)
    } finally {
      this.#underWay--
      this.#check()
    }
  }

  /** @throws what is wrong with the announcement. */
  async #isHost(peer: AskedPeer, { envelope, proof }: ReachedSession): Promise<boolean> {
    const { clock, sessionId } = this.#options
    const announced = await openAnnouncement(envelope, { clock, sessionId, ...(proof && { proof }) })
    // A host goes before a meeting point ([SUC-12]).
    return !announced.isMeeting && peer.is(announced.host.signKey)
  }

  #take(reached: ReachedSession, isHost: boolean): void {
    if (this.#over) return reached.route.close()
    if (isHost) return this.#settle(reached)
    if (this.#second !== undefined) return reached.route.close()
    this.#second = reached
    const { clock, timings } = this.#options
    this.#cancelGrace = clock.after(timings.directGraceMs, () => this.#settle(reached))
  }

  #settle(reached: ReachedSession): void {
    this.#finish(() => {
      if (this.#second !== reached) this.#second?.route.close()
      this.#outcome.resolve(reached)
    })
  }

  /** Nobody is left to be waited for. */
  #check(): void {
    if (this.#over || this.#underWay > 0) return
    if (this.#second !== undefined) return this.#settle(this.#second)
    if (!this.#searched) return void this.#search()
    this.#finish(() => this.#outcome.reject(this.#failure()))
  }

  async #search(): Promise<void> {
    if (this.#searched || this.#over || this.#second !== undefined) return
    this.#searched = true
    this.#underWay++
    const { clock, timings } = this.#options
    const late = new AbortController()
    const cancel = clock.after(timings.searchMs, () => late.abort())
    try {
      const signal = AbortSignal.any([this.#enough.signal, late.signal])
      for await (const peer of this.#options.search(signal)) {
        if (this.#enough.signal.aborted) break
        void this.#ask(peer)
      }
    } catch (error) {
      this.#causes.push(error)
    } finally {
      cancel()
      this.#underWay--
      this.#check()
    }
  }

  #failure(): ConvoyError {
    // Who answered knows more than who did not; and a wrong answer helps less than that there is none.
    const notFound = this.#causes.find((cause) => isConvoyError(cause, 'session-not-found'))
    const answered = this.#causes.find(
      (cause) => isConvoyError(cause) && cause.code !== 'rendezvous-unreachable',
    )
    const told = notFound ?? answered
    return isConvoyError(told) ? told : this.#options.unreachable(this.#causes)
  }

  #finish(tell: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#cancelGrace?.()
    this.#cancelSearch()
    tell()
    this.#enough.abort()
  }
}
