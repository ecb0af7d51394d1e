import { ConvoyError, Emitter, type Logger, type Unsubscribe } from '../core/index.ts'
import { limits } from '../protocol/index.ts'
import { unheardMessages } from './constants.ts'
import type { Route, RouteByHand, RouteEvents } from './rendezvous.ts'

/** What carries a {@link RouteEnd}'s messages. */
export interface RouteCarrier {
  send(message: Uint8Array): void
  close(): void
}

/**
 * One end of a route. Messages that arrive before anybody listens are kept and handed over, in order, to the
 * first listener: the other end may write before this end's owner got hold of the route.
 */
export class RouteEnd implements Route {
  readonly #events: Emitter<RouteEvents>
  readonly #carrier: RouteCarrier
  #unheard: Uint8Array[] | undefined = []
  #closed = false
  #closedHeard = false

  readonly origin: Uint8Array | undefined
  readonly byHand: RouteByHand | undefined

  /** @param about - see {@link Route.origin} and {@link Route.byHand}. */
  constructor(carrier: RouteCarrier, logger: Logger, about: Pick<Route, 'origin' | 'byHand'> = {}) {
    this.origin = about.origin
    this.byHand = about.byHand
    this.#carrier = carrier
    this.#events = new Emitter(logger)
  }

  on<Name extends keyof RouteEvents>(name: Name, listener: (event: RouteEvents[Name]) => void): Unsubscribe {
    const unsubscribe = this.#events.on(name, listener)
    const unheard = this.#unheard
    if (name === 'message' && unheard !== undefined) {
      this.#unheard = undefined
      for (const message of unheard) this.#events.emit('message', message)
    }
    this.#tellClosed()
    return unsubscribe
  }

  send(message: Uint8Array): void {
    if (this.#closed) throw new ConvoyError('closed', 'The route is closed; reach the session again.')
    if (message.length > limits.rendezvousMessageBytes) {
      throw new ConvoyError(
        'message-too-large',
        `A message through a rendezvous has at most ${limits.rendezvousMessageBytes} bytes, not ${message.length}.`,
      )
    }
    this.#carrier.send(message)
  }

  close(): void {
    if (this.#closed) return
    this.#carrier.close()
    this.end()
  }

  /** A message came from the other end. */
  receive(message: Uint8Array): void {
    if (this.#closed) return
    if (this.#unheard === undefined) return this.#events.emit('message', message)
    if (this.#unheard.length >= unheardMessages) return this.close()
    this.#unheard.push(message)
  }

  /** The route is over, whoever ended it. */
  end(): void {
    this.#closed = true
    this.#tellClosed()
  }

  /** Once, after the last message, and not before somebody listens. */
  #tellClosed(): void {
    if (!this.#closed || this.#closedHeard || this.#events.listenerCount('closed') === 0) return
    // While kept messages wait for a listener, `closed` waits too: nothing may follow it.
    if (this.#unheard !== undefined && this.#unheard.length > 0) return
    this.#closedHeard = true
    this.#events.emit('closed', undefined)
    this.#events.clear()
  }
}
