import { isConvoyError, sleep, type Budget, type Clock, type Counters } from '../../lib/core/index.ts'
import type { Verify } from '../../lib/identity/index.ts'
import type { Switchboard } from '../../lib/rendezvous/index.ts'
import { feedRetryMs, settleMs, type MeshLimits } from './constants.ts'
import { readFeed } from './feedReader.ts'
import { FeedWriter } from './feedWriter.ts'
import { serveRoute } from './incomingRoute.ts'
import type { MeshNetwork, MeshPeer, MeshStream, StreamKind } from './meshNetwork.ts'
import type { RemoteSessions } from './remoteSessions.ts'
import { serviceBudgets, type ServiceBudgets } from './serviceBudgets.ts'

/** What a {@link RemoteService} works with. */
export interface RemoteServiceOptions {
  clock: Clock
  limits: MeshLimits
  counters: Counters
  network: MeshNetwork
  switchboard: Switchboard
  sessions: RemoteSessions
  /** For checking announcements, shared by all services. */
  checks: Budget
  verify: Verify | undefined
  /** Something failed that is no fault of the other side. */
  failed: (error: unknown) => void
}

/** Another service of the mesh, while it is connected: what it is told, what it tells, and what it may take. */
export class RemoteService {
  readonly peer: MeshPeer
  readonly #options: RemoteServiceOptions
  readonly #budgets: ServiceBudgets
  readonly #over = new AbortController()
  readonly #streams = new Set<MeshStream>()
  readonly #routesOf = new Map<string, number>()
  #routes = 0
  #synced = false
  readonly #joinedAt: number
  #heardAt: number
  #writer: FeedWriter | undefined
  #incomingFeed: MeshStream | undefined

  constructor(peer: MeshPeer, options: RemoteServiceOptions) {
    this.peer = peer
    this.#options = options
    this.#budgets = serviceBudgets(options.clock, options.limits)
    this.#joinedAt = this.#heardAt = options.clock.now()
  }

  /** Routes that it has open to sessions here. */
  get routes(): number {
    return this.#routes
  }

  /** Whether it has just been found, and is still telling of what it holds. */
  isTelling(): boolean {
    return !this.#synced && this.#options.clock.now() - this.#joinedAt < settleMs
  }

  /** Whether nothing came from it for too long. */
  isSilent(): boolean {
    const { beatMs, missedBeats } = this.#options.limits
    return this.#options.clock.now() - this.#heardAt >= beatMs * missedBeats
  }

  /** Begins to tell it of the sessions that are held here. */
  start(): void {
    void this.#keepFeeding().catch((error: unknown) => this.#failed(error))
  }

  /** A session that is held here changed. */
  changed(key: string): void {
    this.#writer?.changed(key)
  }

  /** It opened a stream. */
  accept(kind: StreamKind, stream: MeshStream): void {
    if (this.#over.signal.aborted) return stream.abort()
    this.#streams.add(stream)
    const serving = kind === 'feed' ? this.#read(stream) : this.#serve(stream)
    void serving.catch((error: unknown) => this.#failed(error)).finally(() => this.#streams.delete(stream))
  }

  /** Counts something that it did wrong; once that is too much, it is shunned. */
  readonly strike = (name: string): void => {
    const { counters, network, limits } = this.#options
    counters.add(name)
    if (this.#over.signal.aborted || this.#budgets.patience.tryTake()) return
    counters.add('mesh-shunned')
    this.close()
    network.shun(this.peer.id, limits.shunMs)
  }

  /** The connection is gone: everything on it ends. Idempotent. */
  close(): void {
    if (this.#over.signal.aborted) return
    this.#over.abort()
    this.#writer?.close()
    for (const stream of [...this.#streams]) stream.abort()
    this.#options.sessions.left(this.peer.id)
  }

  async #keepFeeding(): Promise<void> {
    const { clock, limits, network, switchboard } = this.#options
    const { signal } = this.#over
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const stream = await network.open(this.peer.id, 'feed', signal)
        const writer = new FeedWriter(stream, {
          clock,
          beatMs: limits.beatMs,
          held: (key) => switchboard.services.held(key),
          heldKeys: () => switchboard.services.heldKeys(),
        })
        this.#writer = writer
        // Nothing comes the other way but its end.
        void stream.next().then(() => writer.close())
        await writer.run()
      } catch (error) {
        if (!isConvoyError(error)) throw error
      } finally {
        this.#writer = undefined
      }
      const wait = feedRetryMs[Math.min(failures, feedRetryMs.length - 1)] ?? 0
      await sleep(clock, wait, signal).catch(() => {})
    }
  }

  async #read(stream: MeshStream): Promise<void> {
    // One that came about anew takes the place of one that broke unnoticed.
    this.#incomingFeed?.abort()
    this.#incomingFeed = stream
    await readFeed(stream, {
      ...this.#options,
      service: this.peer.id,
      budgets: this.#budgets,
      synced: () => (this.#synced = true),
      heard: () => (this.#heardAt = this.#options.clock.now()),
      strike: this.strike,
      signal: this.#over.signal,
    })
  }

  async #serve(stream: MeshStream): Promise<void> {
    await serveRoute(stream, {
      clock: this.#options.clock,
      peer: this.peer,
      budgets: this.#budgets,
      accept: (port) => this.#options.switchboard.services.accept(port),
      enter: (key) => this.#enter(key),
      leave: (key) => this.#leave(key),
      malformed: () => this.strike('mesh-malformed'),
      signal: this.#over.signal,
    })
  }

  #enter(key: string): boolean {
    const { limits, counters } = this.#options
    const toSession = this.#routesOf.get(key) ?? 0
    if (this.#routes >= limits.routesPerService || toSession >= limits.routesPerSession) {
      counters.add('mesh-too-many-routes')
      return false
    }
    this.#routes++
    this.#routesOf.set(key, toSession + 1)
    return true
  }

  #leave(key: string): void {
    this.#routes--
    const left = (this.#routesOf.get(key) ?? 1) - 1
    if (left === 0) this.#routesOf.delete(key)
    else this.#routesOf.set(key, left)
  }

  #failed(error: unknown): void {
    this.#options.failed(error)
    this.#options.network.disconnect(this.peer.id)
  }
}
