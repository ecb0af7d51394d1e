import { SerialQueue, TokenBucket, type Clock } from '../core/index.ts'
import { encodeServiceFrame, type CutReason, type ServiceFrame } from './frames.ts'
import type { SwitchboardLimits } from './switchboardLimits.ts'

/** The transport's side of one client of a {@link Switchboard}. */
export interface ClientPort {
  /** Whose limits count: a network address, or anything that stands for one; null for no limits per address. */
  readonly address: string | null
  /** Where STUN is for this client, as `welcome` tells it. */
  readonly stun: { host: string | null; port: number } | null
  send(bytes: Uint8Array): void
  /** Closes the connection; the switchboard expects no further call about it. */
  cut(reason: CutReason): void
}

/** One end of a route as its socket knows it: the other client, and the route's number there. */
export interface RouteLeg {
  readonly other: SwitchboardClient
  readonly otherNumber: number
}

/** What a {@link Switchboard} knows of one connected client. */
export class SwitchboardClient {
  readonly port: ClientPort
  readonly frames: TokenBucket
  readonly bytes: TokenBucket
  readonly routes = new Map<number, RouteLeg>()
  /** Ids, in hexadecimal, of the sessions it announces. */
  readonly sessions = new Set<string>()
  /** Announcements are checked one after the other, or an older one could overtake a newer. */
  readonly announcing = new SerialQueue(() => {})
  greeted = false
  gone = false
  strikes = 0
  /** Requests that are being worked on. */
  busy = 0
  heardAt: number
  pingedAt: number
  usedAt: number
  #nextRoute = 1

  constructor(port: ClientPort, clock: Clock, limits: SwitchboardLimits) {
    this.port = port
    this.frames = new TokenBucket(clock, limits.framesPerSecond, limits.framesBurst)
    this.bytes = new TokenBucket(clock, limits.bytesPerSecond, limits.bytesBurst)
    this.heardAt = this.pingedAt = this.usedAt = clock.now()
  }

  /** Whether anything is going on for which the connection is held. */
  get inUse(): boolean {
    return this.sessions.size > 0 || this.routes.size > 0 || this.busy > 0
  }

  send(frame: ServiceFrame): void {
    if (!this.gone) this.port.send(encodeServiceFrame(frame))
  }

  nextRoute(): number {
    return this.#nextRoute++
  }
}

/** Opens a route between two clients; gives its number at each. */
export function connectRoute(
  joiner: SwitchboardClient,
  host: SwitchboardClient,
): { atJoiner: number; atHost: number } {
  const atJoiner = joiner.nextRoute()
  const atHost = host.nextRoute()
  joiner.routes.set(atJoiner, { other: host, otherNumber: atHost })
  host.routes.set(atHost, { other: joiner, otherNumber: atJoiner })
  return { atJoiner, atHost }
}

/** Ends a route at both ends and tells the other client. Returns whether there was one. */
export function endRoute(client: SwitchboardClient, number: number): boolean {
  const leg = client.routes.get(number)
  if (leg === undefined) return false
  client.routes.delete(number)
  leg.other.routes.delete(leg.otherNumber)
  leg.other.send({ type: 'closed', route: leg.otherNumber })
  return true
}
