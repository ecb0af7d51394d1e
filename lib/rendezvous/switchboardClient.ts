import { SerialQueue, TokenBucket, type Clock } from '../core/index.ts'
import {
  encodeServiceFrame,
  frameVersion,
  type ClientFrame,
  type CutReason,
  type RefusalCode,
  type ServiceFrame,
} from './frames.ts'
import { relayFrameBytes, writeRelayFrame } from './relayFrames.ts'
import type { SessionLoad } from './sessionLoad.ts'
import type { SwitchboardLimits } from './switchboardLimits.ts'
import { TrafficBudget } from './trafficBudget.ts'
import type { TrafficCounts } from './trafficCounts.ts'
import type { TurnAccess } from './turnAccess.ts'

/** Why something was refused. */
export interface Refusal {
  readonly code: RefusalCode
  /** For people. */
  readonly reason: string
}

/** A way on to a host whose session another service holds. */
export interface OnwardRoute {
  /** The route to this client that it continues; frames of that go on from here. */
  connected(route: number): void
  /** Nobody needs it any more. */
  cancel(): void
}

/**
 * What tells a client behind which another service stands. It is greeted from the start, is never pinged and counts neither as a
 * client nor, with what it announces, among the sessions of this service.
 */
export interface ServicePort {
  /**
   * Makes the way to a session that it announces, before a joiner is told that there is a route. Never rejects.
   * @param origin - see `Origins`: what stands for the joiner's address.
   */
  reach?(sessionId: Uint8Array, origin: Uint8Array | undefined): Promise<OnwardRoute | Refusal>
  /** The service that holds what it announces. */
  holder?(): string
}

/** The transport's side of one client of a {@link Switchboard}. */
export interface ClientPort {
  /** Whose limits count: a network address, or anything that stands for one; null for no limits per address. */
  readonly address: string | null
  /** Where STUN is for this client, as `welcome` tells it. */
  readonly stun: { host: string | null; port: number } | null
  /** Makes TURN credentials for this client; left out where there is no TURN server. */
  readonly turn?: (() => TurnAccess) | undefined
  /** Set where another service is behind it. */
  readonly service?: ServicePort
  /** The client has said hello. */
  greeted?(): void
  send(bytes: Uint8Array): void
  /** Sends a `relay` frame, where that can be done at less cost than to make it first; what it is given is only lent. */
  relay?(route: number, message: Uint8Array): void
  /** Closes the connection; the switchboard expects no further call about it. */
  cut(reason: CutReason): void
}

/** What the transport tells of a client that it accepted. */
export interface SwitchboardSocket {
  /** For the switchboard's own parts. */
  readonly client: SwitchboardClient
  receive(bytes: Uint8Array): void
  /** Ends the connection for a reason that the transport found. */
  cut(reason: CutReason): void
  /** The connection is gone. Idempotent. */
  gone(): void
}

/** A route between two clients, each of which knows it by a number of its own. */
export interface SwitchedRoute {
  readonly joiner: SwitchboardClient
  readonly joinerNumber: number
  readonly host: SwitchboardClient
  readonly hostNumber: number
  /** Of the session that it leads to. */
  readonly load: SessionLoad
  /** When something last went over it. */
  usedAt: number
}

const noRoutes: ReadonlyMap<number, SwitchedRoute> = new Map()

/** What a {@link SwitchboardClient} is made with. */
export interface ClientSurroundings {
  clock: Clock
  limits: SwitchboardLimits
  traffic: TrafficCounts
  /** What all clients of an address may send; undefined for one without an address. */
  addressBudget: TrafficBudget | undefined
  /** Told of a task that failed. */
  onError: (error: unknown) => void
}

/** What a {@link Switchboard} knows of one connected client. */
export class SwitchboardClient {
  readonly port: ClientPort
  /** What it may send, and what all of its address may; undefined for one without an address. */
  readonly budget: TrafficBudget
  readonly addressBudget: TrafficBudget | undefined
  /** How many of them it opened as a joiner. */
  opened = 0
  /** Ids, in hexadecimal, of the sessions it announces. */
  readonly sessions = new Set<string>()
  greeted: boolean
  gone = false
  /** Requests that are being worked on. */
  busy = 0
  heardAt: number
  pingedAt: number
  usedAt: number
  readonly #surroundings: ClientSurroundings
  // Most clients are hosts that wait, or joiners that are done: what they don't need they don't have.
  #patience: TokenBucket | undefined
  #announcing: SerialQueue | undefined
  #routes: Map<number, SwitchedRoute> | undefined
  #nextRoute = 1

  constructor(port: ClientPort, surroundings: ClientSurroundings) {
    const { clock, limits, addressBudget } = surroundings
    this.port = port
    this.greeted = port.service !== undefined
    this.#surroundings = surroundings
    this.heardAt = this.pingedAt = this.usedAt = clock.now()
    this.budget = new TrafficBudget(limits, this.heardAt)
    this.addressBudget = addressBudget
  }

  /** What it may do wrong before it is cut. */
  get patience(): TokenBucket {
    const { clock, limits } = this.#surroundings
    return (this.#patience ??= new TokenBucket(clock, limits.strikesPerSecond, limits.strikes))
  }

  /** Announcements are checked one after the other, or an older one could overtake a newer. */
  get announcing(): SerialQueue {
    return (this.#announcing ??= new SerialQueue(this.#surroundings.onError))
  }

  /** By their numbers here. */
  get routes(): ReadonlyMap<number, SwitchedRoute> {
    return this.#routes ?? noRoutes
  }

  /** Whether it has to answer pings: once greeted, unless another service is behind it. */
  get isPinged(): boolean {
    return this.greeted && this.port.service === undefined
  }

  /** Whether anything is going on for which the connection is held. */
  get inUse(): boolean {
    return this.sessions.size > 0 || this.routes.size > 0 || this.busy > 0
  }

  send(frame: ServiceFrame): void {
    if (this.gone) return
    const bytes = encodeServiceFrame(frame)
    this.#count(bytes.length)
    this.port.send(bytes)
  }

  /** Sends a `relay` frame. */
  relay(route: number, message: Uint8Array): void {
    if (this.gone) return
    this.#count(relayFrameBytes(route, message))
    if (this.port.relay === undefined) this.port.send(writeRelayFrame(route, message))
    else this.port.relay(route, message)
  }

  #count(bytes: number): void {
    const { traffic } = this.#surroundings
    traffic.sentFrames++
    traffic.sentBytes += bytes
  }

  /** Answers its hello. */
  greet(pingMs: number, witness: { key: Uint8Array; boot: Uint8Array } | null): void {
    this.greeted = true
    this.port.greeted?.()
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

  addRoute(number: number, route: SwitchedRoute): void {
    this.#routes ??= new Map()
    this.#routes.set(number, route)
  }

  /** @returns whether there was one. */
  removeRoute(number: number): boolean {
    return this.#routes?.delete(number) === true
  }
}

/** What a request takes of the rate that is allowed. */
export function costOf(frame: ClientFrame, limits: SwitchboardLimits): number {
  if (frame.type === 'list') return limits.listCost
  // Each change of host is two entries, with some signatures to check.
  return frame.type === 'announce' ? 1 + Math.ceil(frame.proof.length / 2) : 1
}

/** Opens a route between two clients. */
export function connectRoute(
  joiner: SwitchboardClient,
  host: SwitchboardClient,
  load: SessionLoad,
  now: number,
): SwitchedRoute {
  const route = {
    joiner,
    joinerNumber: joiner.nextRoute(),
    host,
    hostNumber: host.nextRoute(),
    load,
    usedAt: now,
  }
  joiner.addRoute(route.joinerNumber, route)
  joiner.opened++
  load.count(joiner.port.address, 1)
  host.addRoute(route.hostNumber, route)
  return route
}

/** Whether `number` of `client` is the end of `route` that asked for it; both ends may be the same client's. */
export function isJoinersEnd(route: SwitchedRoute, client: SwitchboardClient, number: number): boolean {
  return route.joiner === client && route.joinerNumber === number
}

/** The end of `route` opposite to the one that `client` knows as `number`; both may be the same client's. */
export function farEnd(
  route: SwitchedRoute,
  client: SwitchboardClient,
  number: number,
): { client: SwitchboardClient; number: number } {
  return isJoinersEnd(route, client, number)
    ? { client: route.host, number: route.hostNumber }
    : { client: route.joiner, number: route.joinerNumber }
}

/** Forgets a route at both ends; telling them is the caller's. */
export function endRoute({ joiner, joinerNumber, host, hostNumber, load }: SwitchedRoute): void {
  if (joiner.removeRoute(joinerNumber)) {
    joiner.opened--
    load.count(joiner.port.address, -1)
  }
  host.removeRoute(hostNumber)
}

/** Ends a route and tells both ends. */
export function dropRoute(route: SwitchedRoute): void {
  endRoute(route)
  route.joiner.send({ type: 'closed', route: route.joinerNumber })
  route.host.send({ type: 'closed', route: route.hostNumber })
}

/** How many clients there are that are no services, and routes between all. */
export function countsOf(all: Iterable<SwitchboardClient>): { clients: number; routes: number } {
  let clients = 0
  let ends = 0
  for (const { port, routes } of all) {
    if (port.service === undefined) clients++
    ends += routes.size
  }
  return { clients, routes: ends / 2 }
}
