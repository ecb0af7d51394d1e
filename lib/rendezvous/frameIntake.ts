import { isConvoyError, type Clock } from '../core/index.ts'
import { decodeClientFrame, type ClientFrame } from './frames.ts'
import type { Refusals } from './refusals.ts'
import { readRelayFrame } from './relayFrames.ts'
import { dropRoute, endRoute, farEnd, isJoinersEnd, type SwitchboardClient } from './switchboardClient.ts'
import type { SwitchboardLimit } from './switchboardLimits.ts'
import type { TrafficCounts } from './trafficCounts.ts'

/** What a {@link FrameIntake} works with. */
export interface FrameIntakeOptions {
  clock: Clock
  traffic: TrafficCounts
  refusals: Refusals
}

/** A frame about something else than a route. */
export type DeskFrame = Exclude<ClientFrame, { type: 'relay' | 'close' }>

/**
 * Where frames of clients come in: they are held against the limits, read and counted. What belongs to a route goes on over it at
 * once; the rest is handed to the switchboard.
 */
export class FrameIntake {
  readonly #clock: Clock
  readonly #traffic: TrafficCounts
  readonly #refusals: Refusals
  #relayedBytes = 0

  constructor({ clock, traffic, refusals }: FrameIntakeOptions) {
    this.#clock = clock
    this.#traffic = traffic
    this.#refusals = refusals
  }

  get relayedBytes(): number {
    return this.#relayedBytes
  }

  /** The frame that `bytes` are; undefined where nothing is left to do about it. */
  take(client: SwitchboardClient, bytes: Uint8Array): DeskFrame | undefined {
    const now = (client.heardAt = this.#clock.now())
    this.#traffic.receivedBytes += bytes.length
    const exceeded = rateExceeded(client, now, bytes.length)
    const relay = exceeded === undefined && client.greeted ? readRelayFrame(bytes) : undefined
    if (relay === undefined) return this.#sort(client, this.#decode(client, bytes), exceeded)
    this.#relay(client, relay.route, relay.message, now)
    return undefined
  }

  #sort(
    client: SwitchboardClient,
    frame: ClientFrame | undefined,
    exceeded: SwitchboardLimit | undefined,
  ): DeskFrame | undefined {
    if (frame === undefined) return undefined
    if (exceeded !== undefined) this.#overRate(client, frame, exceeded)
    // A hello comes first, and once.
    else if ((frame.type === 'hello') === client.greeted) this.#outOfTurn(client, frame)
    else if (frame.type === 'relay') this.#relay(client, frame.route, frame.message, client.heardAt)
    else {
      this.#traffic.received(frame.type, 'accepted')
      if (frame.type !== 'close') return frame
      this.#close(client, frame.route)
    }
    return undefined
  }

  #decode(client: SwitchboardClient, bytes: Uint8Array): ClientFrame | undefined {
    try {
      return decodeClientFrame(bytes)
    } catch (error) {
      this.#traffic.received('unreadable', 'malformed')
      const code = isConvoyError(error, 'message-too-large') ? 'message-too-large' : 'message-malformed'
      this.#refusals.refuse(client, null, code, 'The frame was not understood.')
      this.#refusals.strike(client, 'malformed')
      return undefined
    }
  }

  #outOfTurn(client: SwitchboardClient, frame: ClientFrame): void {
    this.#traffic.received(frame.type, 'malformed')
    const reason = client.greeted ? 'A hello comes once.' : 'The first frame has to be a hello.'
    this.#refusals.refuse(client, null, 'message-malformed', reason)
    if (client.greeted) this.#refusals.strike(client, 'malformed')
    else this.#refusals.cut(client, 'malformed')
  }

  #relay(client: SwitchboardClient, number: number, message: Uint8Array, now: number): void {
    const route = client.routes.get(number)
    if (route === undefined) {
      // Its other end may just have closed it: no offence.
      this.#traffic.received('relay', 'ignored')
      return this.#refusals.refused.add('unknown-route')
    }
    if (!route.load.budget.tryTake(now, message.length)) {
      return this.#overRate(client, { type: 'relay', route: number, message }, 'session-rate')
    }
    const isFromJoiner = isJoinersEnd(route, client, number)
    const to = isFromJoiner ? route.host : route.joiner
    route.usedAt = client.usedAt = to.usedAt = now
    this.#traffic.relayed++
    this.#relayedBytes += message.length
    to.relay(isFromJoiner ? route.hostNumber : route.joinerNumber, message)
  }

  #close(client: SwitchboardClient, number: number): void {
    const route = client.routes.get(number)
    if (route === undefined) return
    client.usedAt = this.#clock.now()
    const to = farEnd(route, client, number)
    endRoute(route)
    to.client.send({ type: 'closed', route: to.number })
  }

  #overRate(client: SwitchboardClient, frame: ClientFrame, limit: SwitchboardLimit): void {
    this.#traffic.received(frame.type, 'rate-limited')
    // Nothing is gained by refusing to end something.
    if (frame.type === 'close') this.#close(client, frame.route)
    // A gap in an ordered stream must not go unnoticed: the route ends instead, at both ends.
    const route = frame.type === 'relay' ? client.routes.get(frame.route) : undefined
    if (route !== undefined) dropRoute(route)
    const request = 'request' in frame ? frame.request : null
    const reason = 'Too much was sent; wait a little.'
    this.#refusals.refuse(client, request, 'rate-limited', reason, limit)
    // A greeting that is not answered helps nobody: whoever waits for it had better look elsewhere.
    if (client.greeted) this.#refusals.strike(client, 'flood')
    else this.#refusals.cut(client, 'flood')
  }
}

/** The rate that one more frame exceeds; undefined where none does. */
function rateExceeded(client: SwitchboardClient, now: number, bytes: number): SwitchboardLimit | undefined {
  if (!client.budget.tryTake(now, bytes)) return 'socket-rate'
  return client.addressBudget?.tryTake(now, bytes) === false ? 'address-rate' : undefined
}
