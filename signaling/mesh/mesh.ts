import { Counters, TokenBucket, type Cancel, type Clock, type Logger } from '../../lib/core/index.ts'
import type { Verify } from '../../lib/identity/index.ts'
import type { Switchboard } from '../../lib/rendezvous/index.ts'
import { defaultMeshLimits, settleMs, type MeshLimits } from './constants.ts'
import type { MeshNetwork, MeshNetworkHandlers, MeshPeer, MeshStream, StreamKind } from './meshNetwork.ts'
import { openRoute } from './outgoingRoute.ts'
import { RemoteService } from './remoteService.ts'
import { RemoteSessions } from './remoteSessions.ts'

/** What a {@link Mesh} is made with. */
export interface MeshOptions {
  clock: Clock
  logger: Logger
  switchboard: Switchboard
  limits?: Partial<MeshLimits>
  /** Whether only services that the operator named take part. */
  namedOnly?: boolean
  /** Whether there are others to be found. */
  hasPeers?: boolean
  /** Checks the signatures of announcements; the platform's own way where left out. */
  verify?: Verify
}

/** How the mesh does, as plain data. */
export interface MeshStats {
  /** Other services that are connected. */
  services: number
  /** Sessions that they hold. */
  sessions: number
  /** Routes that they have open to sessions here. */
  routes: number
  /** What was refused, by name, since the start. */
  refused: Readonly<Record<string, number | undefined>>
}

/**
 * A service's part in a mesh of services, each of which serves the sessions of all: see docs/protocol/02e-mesh.md. It needs a
 * network that connects it to the others, and a switchboard in which their sessions appear.
 */
export class Mesh implements MeshNetworkHandlers {
  readonly #options: MeshOptions
  readonly #limits: MeshLimits
  readonly #counters = new Counters()
  readonly #services = new Map<string, RemoteService>()
  readonly #sessions: RemoteSessions
  readonly #checks: TokenBucket
  #network: MeshNetwork | undefined
  #cancelTick: Cancel = () => {}
  #closed = false

  constructor(options: MeshOptions) {
    this.#options = options
    const limits = (this.#limits = { ...defaultMeshLimits, ...options.limits })
    const { clock, switchboard } = options
    this.#checks = new TokenBucket(clock, limits.announcementsPerSecondTotal, limits.announcementsBurstTotal)
    this.#sessions = new RemoteSessions({
      clock,
      limits,
      counters: this.#counters,
      accept: (port) => switchboard.services.accept(port),
      reach: (service, sessionId, origin) => this.#reach(service, sessionId, origin),
    })
  }

  /** Begins; the network may call from now on. */
  start(network: MeshNetwork): void {
    const { clock, switchboard } = this.#options
    this.#network = network
    this.#cancelTick = clock.every(this.#limits.beatMs, () => this.#tick())
    const startedAt = clock.now()
    switchboard.services.waitWhile(() => {
      if (this.#options.hasPeers === true && clock.now() - startedAt < settleMs && this.#services.size === 0)
        return true
      return [...this.#services.values()].some((service) => service.isTelling())
    })
    switchboard.services.onChange((key) => {
      for (const service of this.#services.values()) service.changed(key)
      this.#sessions.heldHere(key, switchboard.services.held(key) !== undefined)
    })
  }

  stats(): MeshStats {
    let routes = 0
    for (const service of this.#services.values()) routes += service.routes
    return {
      services: this.#services.size,
      sessions: this.#sessions.size,
      routes,
      refused: this.#counters.snapshot(),
    }
  }

  /** Counts something that the network refused by itself. */
  countRefused(name: string): void {
    this.#counters.add(name)
  }

  /** A service sent what is no frame. */
  malformed(id: string): void {
    const service = this.#services.get(id)
    if (service === undefined) this.#counters.add('mesh-malformed')
    else service.strike('mesh-malformed')
  }

  joined(peer: MeshPeer): void {
    const network = this.#network
    if (this.#closed || network === undefined || this.#services.has(peer.id)) return
    const refusal = this.#refusalOf(peer)
    if (refusal !== undefined) return this.#counters.add(refusal)
    const { clock, switchboard, logger, verify } = this.#options
    const service = new RemoteService(peer, {
      clock,
      network,
      switchboard,
      verify,
      limits: this.#limits,
      counters: this.#counters,
      sessions: this.#sessions,
      checks: this.#checks,
      failed: (error) => logger.error('The mesh had an error.', { error }),
    })
    this.#services.set(peer.id, service)
    logger.info('A service joined.', { services: this.#services.size })
    service.start()
  }

  left(id: string): void {
    const service = this.#services.get(id)
    if (service === undefined) return
    this.#services.delete(id)
    service.close()
    this.#options.logger.info('A service left.', { services: this.#services.size })
  }

  stream(id: string, kind: StreamKind, stream: MeshStream): void {
    const service = this.#services.get(id)
    if (service === undefined) stream.abort()
    else service.accept(kind, stream)
  }

  /** Leaves without a word about sessions: their hosts will come to other services. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTick()
    this.#options.switchboard.services.onChange(undefined)
    this.#options.switchboard.services.waitWhile(() => false)
    for (const service of this.#services.values()) service.close()
    this.#services.clear()
  }

  #refusalOf({ named, limitKey }: MeshPeer): string | undefined {
    if (named) return undefined
    if (this.#options.namedOnly === true) return 'mesh-not-named'
    let atAddress = 0
    let unnamed = 0
    for (const { peer } of this.#services.values()) {
      if (peer.named) continue
      unnamed++
      if (limitKey !== null && peer.limitKey === limitKey) atAddress++
    }
    if (unnamed >= this.#limits.services) return 'mesh-full'
    return atAddress >= this.#limits.servicesPerAddress ? 'mesh-too-many-at-address' : undefined
  }

  async #reach(service: string, sessionId: Uint8Array, origin: Uint8Array | undefined) {
    const network = this.#network
    if (network === undefined || this.#closed) return undefined
    return openRoute(service, sessionId, origin, {
      network,
      clock: this.#options.clock,
      withinMs: this.#limits.reachMs,
      malformed: () => this.#services.get(service)?.strike('mesh-malformed'),
    })
  }

  #tick(): void {
    for (const service of [...this.#services.values()]) {
      if (!service.isSilent()) continue
      this.#counters.add('mesh-silent')
      this.#network?.disconnect(service.peer.id)
      this.left(service.peer.id)
    }
    this.#sessions.tidy()
  }
}
