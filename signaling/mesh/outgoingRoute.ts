import { isConvoyError, withDeadline, type Clock } from '../../lib/core/index.ts'
import type { Refusal } from '../../lib/rendezvous/index.ts'
import { meshVersion } from './constants.ts'
import { decodeRouteFrame, encodeRouteFrame, type RouteFrame } from './frames.ts'
import type { MeshNetwork, MeshStream } from './meshNetwork.ts'

/** What an {@link OutgoingRoute} tells. After `closed`, nothing follows. */
export interface RouteHandlers {
  message(message: Uint8Array): void
  closed(): void
}

/** What {@link openRoute} goes by. */
export interface OpenRouteOptions {
  network: MeshNetwork
  clock: Clock
  /** Until it has to be open, ms. */
  withinMs: number
  /** The other service broke the protocol. */
  malformed: () => void
}

/** The part of a joiner's route that leads to the service which holds the session. */
export class OutgoingRoute {
  readonly #stream: MeshStream
  readonly #malformed: () => void
  #closed = false

  constructor(stream: MeshStream, malformed: () => void) {
    this.#stream = stream
    this.#malformed = malformed
  }

  /** Hands on what comes, from now on. */
  start(handlers: RouteHandlers): void {
    void this.#pump(handlers)
  }

  send(message: Uint8Array): void {
    if (!this.#closed) this.#stream.send(encodeRouteFrame({ type: 'relay', message }))
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stream.close()
  }

  async #pump(handlers: RouteHandlers): Promise<void> {
    for (let bytes = await this.#stream.next(); bytes !== undefined; bytes = await this.#stream.next()) {
      const frame = decoded(bytes)
      if (frame?.type !== 'relay') {
        this.#malformed()
        break
      }
      if (this.#closed) break
      handlers.message(frame.message)
    }
    this.close()
    handlers.closed()
  }
}

/**
 * Asks `service` for a route to a session that it holds.
 * @returns the route; why it was refused; or undefined where the service does not answer.
 */
export async function openRoute(
  service: string,
  sessionId: Uint8Array,
  origin: Uint8Array | undefined,
  { network, clock, withinMs, malformed }: OpenRouteOptions,
): Promise<OutgoingRoute | Refusal | undefined> {
  const giveUp = new AbortController()
  let stream: MeshStream | undefined
  const asked = async (): Promise<Uint8Array | undefined> => {
    stream = await network.open(service, 'route', giveUp.signal)
    if (giveUp.signal.aborted) stream.abort()
    stream.send(
      encodeRouteFrame({ type: 'open', version: meshVersion, session: sessionId, origin: origin ?? null }),
    )
    return stream.next()
  }
  try {
    const answer = await withDeadline(clock, withinMs, 'The service did not answer.', asked())
    const frame = answer && decoded(answer)
    if (stream !== undefined && frame?.type === 'opened') return new OutgoingRoute(stream, malformed)
    stream?.abort()
    if (frame?.type === 'refused') return { code: frame.code, reason: frame.reason }
    if (answer !== undefined) malformed()
    return undefined
  } catch (error) {
    giveUp.abort()
    stream?.abort()
    if (isConvoyError(error)) return undefined
    throw error
  }
}

function decoded(bytes: Uint8Array): RouteFrame | undefined {
  try {
    return decodeRouteFrame(bytes)
  } catch {
    return undefined
  }
}
