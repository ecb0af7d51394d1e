import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import {
  ConvoyError,
  isConvoyError,
  throwIfAborted,
  withDeadline,
  type Cancel,
  type Clock,
  type Logger,
  type RandomSource,
} from '../../core/index.ts'
import { backOffJitter } from '../constants.ts'
import { peerAddress, throughRelay } from './addresses.ts'
import { refusedRetryMs, type Libp2pTimings } from './constants.ts'
import type { ConvoyNode } from './node.ts'

/** What a {@link Reservation} is made with. */
export interface ReservationOptions {
  readonly node: ConvoyNode
  /** The relay's address, with its peer id. */
  readonly relay: string
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  readonly timings: Libp2pTimings
  /** It was lost, or is held again. */
  readonly changed: (cause: ConvoyError) => void
}

/** A place at a relay by which others reach this peer ([P2P-8]): kept, and made anew whenever it was lost. */
export class Reservation {
  /** What others dial. */
  readonly address: string
  readonly #options: ReservationOptions
  readonly #relayId: string
  #held = false
  #attempting: Promise<void> | undefined
  #failures = 0
  #cancelRetry: Cancel | undefined
  #closed = false

  constructor(options: ReservationOptions) {
    this.#options = options
    const { node, relay } = options
    this.address = throughRelay(relay, node.peerId.toString())
    this.#relayId = peerAddress(relay).getComponents().at(-1)?.value ?? ''
    node.addEventListener('connection:close', this.#onConnectionClose)
  }

  /** Whether others can reach this peer there now. */
  get isHeld(): boolean {
    return this.#held
  }

  /**
   * Makes it, unless it is held already. It goes on trying where this fails.
   * @throws ConvoyError `rate-limited` when the relay has no room, `unsupported` when it is none, `rendezvous-unreachable`.
   */
  hold(): Promise<void> {
    if (this.#held || this.#closed) return Promise.resolve()
    this.#cancelRetry?.()
    this.#attempting ??= this.#attempt().finally(() => (this.#attempting = undefined))
    return this.#attempting
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    this.#options.node.removeEventListener('connection:close', this.#onConnectionClose)
  }

  async #attempt(): Promise<void> {
    const { node, relay, clock, timings } = this.#options
    const abort = new AbortController()
    try {
      const work = this.#reserve(abort.signal)
      await withDeadline(clock, timings.connectMs, 'no answer', work)
      if (node.getConnections().some((connection) => this.#isRelay(connection))) this.#held = true
      else throw new ConvoyError('rendezvous-unreachable', 'The relay closed the connection.')
      this.#failures = 0
      this.#options.changed(new ConvoyError('rendezvous-unreachable', 'It is there again.'))
    } catch (cause) {
      abort.abort()
      const error = explain(cause, relay)
      this.#options.logger.warn('No place at a relay.', { at: relay, code: error.code })
      this.#retryLater(error.code !== 'rendezvous-unreachable')
      throw error
    }
  }

  async #reserve(signal: AbortSignal): Promise<void> {
    const { node, relay } = this.#options
    const address = peerAddress(relay)
    // First: where it can't be reached, libp2p would not try the relay ever again.
    await node.dial(address, { signal })
    throwIfAborted(signal)
    await node.services.transports.listen([multiaddr(`${relay}/p2p-circuit`)])
  }

  readonly #onConnectionClose = (event: CustomEvent<Connection>): void => {
    const { node } = this.#options
    if (!this.#held || !this.#isRelay(event.detail)) return
    if (node.getConnections(event.detail.remotePeer).length > 0) return
    this.#held = false
    this.#options.logger.info('Lost the place at a relay; making it anew.', { at: this.#options.relay })
    this.#retryLater(false)
    this.#options.changed(new ConvoyError('rendezvous-unreachable', 'The relay closed the connection.'))
  }

  #isRelay(connection: Connection): boolean {
    return connection.remotePeer.toString() === this.#relayId
  }

  #retryLater(isRefused: boolean): void {
    this.#cancelRetry?.()
    if (this.#closed) return
    const { clock, random, timings } = this.#options
    const waits = timings.backOffMs
    const wait = isRefused ? refusedRetryMs : (waits[Math.min(this.#failures++, waits.length - 1)] ?? 0)
    const jitter = 1 + backOffJitter * (2 * random.next() - 1)
    this.#cancelRetry = clock.after(wait * jitter, () => {
      // What came of it is in the log.
      this.hold().catch(() => undefined)
    })
  }
}

function explain(cause: unknown, relay: string): ConvoyError {
  if (isConvoyError(cause, 'rendezvous-unreachable')) return cause
  const text = String(cause)
  if (text.includes('RESERVATION_REFUSED')) {
    const message = `The relay at ${relay} has no room for another reservation: name another relay, or try again later.`
    return new ConvoyError('rate-limited', message, { cause })
  }
  if (
    text.includes('UnsupportedProtocol') ||
    text.includes('previously invalid') ||
    text.includes('protocol selection')
  ) {
    const message = `The peer at ${relay} is no relay: name one that speaks libp2p's circuit relay v2.`
    return new ConvoyError('unsupported', message, { cause })
  }
  const message = `The relay at ${relay} does not answer. It may be down, or a firewall may be in the way.`
  return new ConvoyError('rendezvous-unreachable', message, { cause })
}
