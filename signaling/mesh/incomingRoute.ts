import { isConvoyError, toHex, withDeadline, type Clock } from '../../lib/core/index.ts'
import {
  decodeServiceFrame,
  encodeClientFrame,
  type ClientPort,
  type ServicePort,
  type ServiceSocket,
} from '../../lib/rendezvous/index.ts'
import { firstFrameMs, meshVersion } from './constants.ts'
import { decodeRouteFrame, encodeRouteFrame, type RouteFrame } from './frames.ts'
import type { MeshPeer, MeshStream } from './meshNetwork.ts'
import { takeWhenThere, type ServiceBudgets } from './serviceBudgets.ts'

/** What {@link serveRoute} goes by. */
export interface ServeRouteOptions {
  clock: Clock
  peer: MeshPeer
  budgets: ServiceBudgets
  accept: (port: ClientPort & { service: ServicePort }) => ServiceSocket
  /** Counts one more route to the session; false where the service has too many. The key is its id in hexadecimal. */
  enter: (key: string) => boolean
  leave: (key: string) => void
  /** The other service broke the protocol. */
  malformed: () => void
  signal: AbortSignal
}

type Opening = Extract<RouteFrame, { type: 'open' }>

/** The one request and the one route that the client behind such a stream has. */
const request = 1

/**
 * Serves a route that another service opens for a joiner of its own, as if that joiner were a client here: with a client's
 * limits, and no right to anything but the one route. Resolves when it is over.
 */
export async function serveRoute(stream: MeshStream, options: ServeRouteOptions): Promise<void> {
  const opening = await firstFrame(stream, options)
  if (opening === undefined) return stream.abort()
  const key = toHex(opening.session)
  if (!options.budgets.opens.tryTake() || !options.enter(key)) {
    return refuse(stream, 'rate-limited', 'Too many joiners come from that service; try again soon.')
  }
  const socket = options.accept(portOf(stream, opening.origin, options))
  try {
    socket.receive(encodeClientFrame({ type: 'open', request, session: opening.session }))
    await pump(stream, socket, options)
  } catch (error) {
    if (!isConvoyError(error, 'aborted')) throw error
  } finally {
    socket.gone()
    stream.close()
    options.leave(key)
  }
}

async function firstFrame(stream: MeshStream, options: ServeRouteOptions): Promise<Opening | undefined> {
  const { clock, signal } = options
  try {
    const bytes = await withDeadline(clock, firstFrameMs, 'Nothing was asked for.', stream.next(), signal)
    const frame = bytes && decodeRouteFrame(bytes)
    if (frame?.type === 'open' && frame.version === meshVersion) return frame
    if (frame?.type === 'open')
      refuse(stream, 'protocol-version', 'That service runs another version of the mesh.')
    else if (frame !== undefined) options.malformed()
  } catch (error) {
    if (!isConvoyError(error)) throw error
    if (error.code === 'message-malformed' || error.code === 'message-too-large') options.malformed()
  }
  return undefined
}

function portOf(
  stream: MeshStream,
  origin: Uint8Array | null,
  { peer }: ServeRouteOptions,
): ClientPort & { service: ServicePort } {
  return {
    // Joiners are told apart as far as that service does; who it does not tell apart share a client's limits.
    address: origin === null && peer.limitKey === null ? null : `${peer.id}/${origin ? toHex(origin) : ''}`,
    stun: null,
    service: {},
    send(bytes) {
      const frame = decodeServiceFrame(bytes)
      if (frame.type === 'opened') stream.send(encodeRouteFrame({ type: 'opened' }))
      else if (frame.type === 'relay')
        stream.send(encodeRouteFrame({ type: 'relay', message: frame.message }))
      else if (frame.type === 'closed') stream.close()
      else if (frame.type === 'refused' && frame.request === request) refuse(stream, frame.code, frame.reason)
    },
    cut: () => stream.close(),
  }
}

async function pump(stream: MeshStream, socket: ServiceSocket, options: ServeRouteOptions): Promise<void> {
  const { budgets, clock, signal } = options
  for (let bytes = await stream.next(); bytes !== undefined; bytes = await stream.next()) {
    await takeWhenThere(budgets.frames, 1, clock, signal)
    await takeWhenThere(budgets.bytes, bytes.length, clock, signal)
    let frame: RouteFrame
    try {
      frame = decodeRouteFrame(bytes)
    } catch {
      return options.malformed()
    }
    if (frame.type !== 'relay') return options.malformed()
    // A client's first route has this number.
    socket.receive(encodeClientFrame({ type: 'relay', route: request, message: frame.message }))
  }
}

function refuse(
  stream: MeshStream,
  code: Extract<RouteFrame, { type: 'refused' }>['code'],
  reason: string,
): void {
  stream.send(encodeRouteFrame({ type: 'refused', code, reason }))
  stream.close()
}
