import {
  decodeServiceFrame,
  encodeClientFrame,
  type CheckedAnnouncement,
  type ClientPort,
  type Refusal,
  type ServicePort,
  type ServiceSocket,
} from '../../lib/rendezvous/index.ts'
import type { OutgoingRoute } from './outgoingRoute.ts'

/** What a {@link RemoteHost} is made with. */
export interface RemoteHostOptions {
  accept: (port: ClientPort & { service: ServicePort }) => ServiceSocket
  /** The service that holds the session now. */
  holder: () => string
  /** Finds the way to the host at the service that holds the session. */
  reach: (sessionId: Uint8Array, origin: Uint8Array | undefined) => Promise<OutgoingRoute | Refusal>
  /** The session is announced elsewhere by now, or here, or has expired. */
  dropped: () => void
  /** The switchboard cut it, as a host that sends too much, or closes. */
  cut: () => void
}

/**
 * Stands in the switchboard for the host of a session that another service holds: it announces the session as that
 * host would, and continues each route to it over the mesh. To joiners it is a host like any other.
 */
export class RemoteHost {
  readonly #socket: ServiceSocket
  readonly #routes = new Map<number, OutgoingRoute>()
  readonly #options: RemoteHostOptions
  #retired = false

  constructor(options: RemoteHostOptions) {
    this.#options = options
    this.#socket = options.accept({
      // What limits per address would count is counted by service.
      address: null,
      stun: null,
      service: {
        reach: (sessionId, origin) => this.#reach(sessionId, origin),
        holder: () => options.holder(),
      },
      send: (bytes) => this.#take(bytes),
      cut: () => this.#over(),
    })
  }

  /** @returns whether it is up now: not where something newer is; `wait` where its host may bring it here itself. */
  putUp(checked: CheckedAnnouncement): boolean | 'wait' {
    return this.#socket.putUp(checked)
  }

  /** The host is away and may come back here or elsewhere: joiners wait for it a little. */
  away(): void {
    this.#retired = true
    this.#socket.gone()
    this.#closeRoutes()
  }

  /** The session is no longer to be found here. Routes that are open stay. */
  takeDown(key: string): void {
    this.#socket.takeDown(key)
    this.#retire()
  }

  async #reach(sessionId: Uint8Array, origin: Uint8Array | undefined) {
    const route = await this.#options.reach(sessionId, origin)
    if ('code' in route) return route
    return { connected: (number: number) => this.#connect(number, route), cancel: () => route.close() }
  }

  #connect(number: number, route: OutgoingRoute): void {
    this.#routes.set(number, route)
    route.start({
      message: (message) =>
        this.#socket.receive(encodeClientFrame({ type: 'relay', route: number, message })),
      closed: () => {
        if (!this.#routes.delete(number)) return
        this.#socket.receive(encodeClientFrame({ type: 'close', route: number }))
        this.#leaveWhenDone()
      },
    })
  }

  #take(bytes: Uint8Array): void {
    const frame = decodeServiceFrame(bytes)
    if (frame.type === 'relay') this.#routes.get(frame.route)?.send(frame.message)
    else if (frame.type === 'closed') this.#closeRoute(frame.route)
    else if (frame.type === 'dropped') {
      this.#retire()
      this.#options.dropped()
    }
  }

  #closeRoute(number: number): void {
    const route = this.#routes.get(number)
    this.#routes.delete(number)
    route?.close()
    this.#leaveWhenDone()
  }

  #closeRoutes(): void {
    const routes = [...this.#routes.values()]
    this.#routes.clear()
    for (const route of routes) route.close()
  }

  #retire(): void {
    this.#retired = true
    this.#leaveWhenDone()
  }

  #leaveWhenDone(): void {
    if (this.#retired && this.#routes.size === 0) this.#socket.gone()
  }

  /** The switchboard closes, or cut it. */
  #over(): void {
    this.#closeRoutes()
    if (!this.#retired) this.#options.cut()
    this.#retired = true
  }
}
