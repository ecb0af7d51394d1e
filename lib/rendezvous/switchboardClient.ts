import { SerialQueue, TokenBucket, type Clock } from '../core/index.ts'
import {
  encodeServiceFrame,
  frameVersion,
  type ClientFrame,
  type CutReason,
  type ServiceFrame,
} from './frames.ts'
import type { SwitchboardLimits } from './switchboardLimits.ts'
import type { TurnAccess } from './turnAccess.ts'

/** The transport's side of one client of a {@link Switchboard}. */
export interface ClientPort {
  /** Whose limits count: a network address, or anything that stands for one; null for no limits per address. */
  readonly address: string | null
  /** Where STUN is for this client, as `welcome` tells it. */
  readonly stun: { host: string | null; port: number } | null
  /** Makes TURN credentials for this client; left out where there is no TURN server. */
  readonly turn?: (() => TurnAccess) | undefined
  send(bytes: Uint8Array): void
  /** Closes the connection; the switchboard expects no further call about it. */
  cut(reason: CutReason): void
}

/** A route between two clients, each of which knows it by a number of its own. */
export interface SwitchedRoute {
  readonly joiner: SwitchboardClient
  readonly joinerNumber: number
  readonly host: SwitchboardClient
  readonly hostNumber: number
  /** When something last went over it. */
  usedAt: number
}

/** What a {@link Switchboard} knows of one connected client. */
export class SwitchboardClient {
  readonly port: ClientPort
  readonly frames: TokenBucket
  readonly bytes: TokenBucket
  /** What it may do wrong before it is cut. */
  readonly patience: TokenBucket
  /** By their numbers here. */
  readonly routes = new Map<number, SwitchedRoute>()
  /** How many of them it opened as a joiner. */
  opened = 0
  /** Ids, in hexadecimal, of the sessions it announces. */
  readonly sessions = new Set<string>()
  /** Announcements are checked one after the other, or an older one could overtake a newer. */
  readonly announcing: SerialQueue
  greeted = false
  gone = false
  /** Requests that are being worked on. */
  busy = 0
  heardAt: number
  pingedAt: number
  usedAt: number
  #nextRoute = 1

  constructor(port: ClientPort, clock: Clock, limits: SwitchboardLimits, onError: (error: unknown) => void) {
    this.port = port
    this.frames = new TokenBucket(clock, limits.framesPerSecond, limits.framesBurst)
    this.bytes = new TokenBucket(clock, limits.bytesPerSecond, limits.bytesBurst)
    this.patience = new TokenBucket(clock, limits.strikesPerSecond, limits.strikes)
    this.announcing = new SerialQueue(onError)
    this.heardAt = this.pingedAt = this.usedAt = clock.now()
  }

  /** Whether anything is going on for which the connection is held. */
  get inUse(): boolean {
    return this.sessions.size > 0 || this.routes.size > 0 || this.busy > 0
  }

  send(frame: ServiceFrame): void {
    if (!this.gone) this.port.send(encodeServiceFrame(frame))
  }

  /** Answers its hello. */
  greet(pingMs: number, witness: { key: Uint8Array; boot: Uint8Array }): void {
    this.greeted = true
    const { stun, turn } = this.port
    this.send({
      type: 'welcome',
      version: frameVersion,
      pingMs,
      stunPort: stun?.port ?? null,
      stunHost: stun?.host ?? null,
      witness,
      ...(turn && { turn: turn() }),
    })
  }

  /** Answers a request for TURN credentials. */
  provideTurn(request: number): void {
    this.send({ type: 'provided', request, turn: this.port.turn?.() ?? null })
  }

  nextRoute(): number {
    return this.#nextRoute++
  }
}

/** What a request takes of the rate that is allowed. */
export function costOf(frame: ClientFrame, limits: SwitchboardLimits): number {
  if (frame.type === 'list') return limits.listCost
  // Each change of host is two entries, with some signatures to check.
  return frame.type === 'announce' ? 1 + Math.ceil(frame.proof.length / 2) : 1
}

/** Opens a route between two clients. */
export function connectRoute(joiner: SwitchboardClient, host: SwitchboardClient, now: number): SwitchedRoute {
  const route = {
    joiner,
    joinerNumber: joiner.nextRoute(),
    host,
    hostNumber: host.nextRoute(),
    usedAt: now,
  }
  joiner.routes.set(route.joinerNumber, route)
  joiner.opened++
  host.routes.set(route.hostNumber, route)
  return route
}

/** The end of `route` opposite to the one that `client` knows as `number`; both may be the same client's. */
export function farEnd(
  route: SwitchedRoute,
  client: SwitchboardClient,
  number: number,
): { client: SwitchboardClient; number: number } {
  return route.joiner === client && route.joinerNumber === number
    ? { client: route.host, number: route.hostNumber }
    : { client: route.joiner, number: route.joinerNumber }
}

/** Forgets a route at both ends; telling them is the caller's. */
export function endRoute({ joiner, joinerNumber, host, hostNumber }: SwitchedRoute): void {
  if (joiner.routes.delete(joinerNumber)) joiner.opened--
  host.routes.delete(hostNumber)
}

/** Ends a route and tells both ends. */
export function dropRoute(route: SwitchedRoute): void {
  endRoute(route)
  route.joiner.send({ type: 'closed', route: route.joinerNumber })
  route.host.send({ type: 'closed', route: route.hostNumber })
}
