import type { Connector } from '../../../lib/rtc/index.ts'
import type { Rendezvous, Route } from '../../../lib/rendezvous/index.ts'

/** How far a peer has come on its way in; a welcome and the begin of a connection are one moment. */
export type Phase = 'reaching' | 'knocking' | 'challenged' | 'connecting' | 'linked'

/** Every {@link Phase}, in their order. */
export const phases: readonly Phase[] = ['reaching', 'knocking', 'challenged', 'connecting', 'linked']

/** Sees from outside how far a peer has come: what it asks of its rendezvous, and of its engine. */
export class PhaseProbe {
  #phase: Phase = 'reaching'
  readonly rendezvous: Rendezvous
  readonly connector: Connector

  constructor(parts: { rendezvous: Rendezvous; connector: Connector }) {
    const { rendezvous, connector } = parts
    this.rendezvous = {
      hint: rendezvous.hint,
      announce: (announcement, signal) => rendezvous.announce(announcement, signal),
      list: (signal) => rendezvous.list(signal),
      iceServers: () => rendezvous.iceServers(),
      close: () => rendezvous.close(),
      reach: async (sessionId, signal) => {
        this.#phase = 'reaching'
        const reached = await rendezvous.reach(sessionId, signal)
        this.#phase = 'knocking'
        return { ...reached, route: this.#watch(reached.route) }
      },
    }
    this.connector = {
      name: connector.name,
      connect: (options) => {
        this.#phase = 'connecting'
        const { handlers } = options
        const open = (): void => {
          this.#phase = 'linked'
          handlers.open()
        }
        return connector.connect({ ...options, handlers: { ...handlers, open } })
      },
    }
  }

  get phase(): Phase {
    return this.#phase
  }

  #watch(route: Route): Route {
    return {
      send: (message) => route.send(message),
      close: () => route.close(),
      on: (name, listener) =>
        route.on(name, (event) => {
          if (name === 'message' && this.#phase === 'knocking') this.#phase = 'challenged'
          listener(event)
        }),
    }
  }
}
