import { withDeadline, type Cancel, type Clock, type Logger } from '../core/index.ts'
import type { Rendezvous } from '../rendezvous/index.ts'
import type { IceServer } from '../rtc/index.ts'
import type { OpenedRendezvous } from './environment.ts'

/** How long a link waits for credentials that have expired to be renewed: it may well do without a relay. */
const renewalWaitMs = 3_000

/** How long a renewal may take, with nobody waiting. */
const renewalMs = 15_000

/** Until a renewal that failed is tried again: half a lifetime is left, and a service that restarts has other things to do. */
const renewalRetryMs = 60_000

/** What an {@link IceSupply} is made with. */
export interface IceSupplyOptions {
  /** Those of the embedding program. */
  readonly own: readonly IceServer[]
  readonly rendezvous: readonly Rendezvous[]
  /** Opens the rendezvous once more: members leave theirs when they have joined. */
  open(): OpenedRendezvous
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The STUN and TURN servers of a convoy: the program's own, and those that its services offer, whose credentials it renews in
 * time for as long as the convoy lasts ([NAT-4]).
 */
export class IceSupply {
  readonly #options: IceSupplyOptions
  /** By their place in the options; each replaced by the one that last brought credentials. */
  readonly #rendezvous: Rendezvous[]
  readonly #stop = new AbortController()
  #cancelRenewal: Cancel | undefined
  #renewing: Promise<void> | undefined

  constructor(options: IceSupplyOptions) {
    this.#options = options
    this.#rendezvous = [...options.rendezvous]
  }

  /** What a connection may be made with now. */
  servers(): IceServer[] {
    this.#schedule()
    return [...this.#options.own, ...this.#rendezvous.flatMap((each) => [...each.iceServers()])]
  }

  /** Whether credentials should have been renewed by now; a machine that slept finds them so. */
  get isOverdue(): boolean {
    const due = this.#dueAt
    return due !== undefined && due <= this.#options.clock.now()
  }

  /** Waits a little for credentials that are overdue, whether or not they come. */
  async renewed(): Promise<void> {
    const { clock } = this.#options
    await withDeadline(clock, renewalWaitMs, 'no credentials', this.#renew(), this.#stop.signal).catch(
      () => {},
    )
  }

  /** Renews nothing any more. Idempotent. */
  close(): void {
    this.#stop.abort()
    this.#cancelRenewal?.()
    this.#cancelRenewal = undefined
  }

  get #dueAt(): number | undefined {
    const due = this.#rendezvous.map((each) => each.iceRenewalAt?.()).filter((at) => at !== undefined)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  #schedule(): void {
    const due = this.#dueAt
    if (due === undefined || this.#cancelRenewal !== undefined || this.#stop.signal.aborted) return
    this.#after(Math.max(0, due - this.#options.clock.now()))
  }

  #after(ms: number): void {
    this.#cancelRenewal?.()
    this.#cancelRenewal = this.#options.clock.after(ms, () => {
      this.#cancelRenewal = undefined
      void this.#renew().then(() => {
        if (this.#stop.signal.aborted) return
        if (this.isOverdue) this.#after(renewalRetryMs)
        else this.#schedule()
      })
    })
  }

  /** One at a time. Never rejects. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #renewAll(): Promise<void> {
    const { clock, logger } = this.#options
    const opened = this.#options.open()
    try {
      await Promise.all(
        opened.all.map(async (fresh, place) => {
          const at = this.#rendezvous[place]?.iceRenewalAt?.()
          if (at === undefined || at > clock.now() || fresh.renewIceServers === undefined) return
          try {
            const renewal = fresh.renewIceServers(this.#stop.signal)
            await withDeadline(clock, renewalMs, 'No credentials came.', renewal, this.#stop.signal)
            this.#rendezvous[place] = fresh
          } catch (error) {
            if (this.#stop.signal.aborted) return
            logger.warn('TURN credentials could not be renewed; relays may be out of reach for a while.', {
              error,
            })
          }
        }),
      )
    } finally {
      await opened.close()
    }
  }
}
