import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import {
  Counters,
  createSystemClock,
  silentLogger,
  sleep,
  systemRandom,
  type Clock,
  type Logger,
  type RandomSource,
} from '../lib/core/index.ts'
import type { Verify } from '../lib/identity/index.ts'
import {
  frameLimits,
  Switchboard,
  type SwitchboardLimit,
  type SwitchboardStats,
} from '../lib/rendezvous/index.ts'
import { isLoopback, isWildcard, urlHost } from './addresses.ts'
import { clientAddress } from './clientAddress.ts'
import {
  closeGraceMs,
  defaultDrainMs,
  defaultSignalingLimits,
  drainedPerLook,
  drainLookMs,
  requestLookMs,
  requestMs,
  slowReadersMs,
  type SignalingLimits,
} from './constants.ts'
import { DoorKeeper, type DoorLimit } from './doorKeeper.ts'
import { answerHttp, refuseMalformed, refuseUpgrade } from './httpFace.ts'
import { checkPort, listen, resolveHost } from './listen.ts'
import type { MeshEnvironment } from './mesh/libp2p/startMesh.ts'
import type { MeshOptions, RunningMesh, RunningMeshStats } from './mesh/options.ts'
import type { ObservedService } from './metrics.ts'
import type { MetricsPort } from './metricsPort.ts'
import { servePort } from './servePort.ts'
import { SlowReaders, type SlowReaderLimit } from './slowReaders.ts'
import { StunServer } from './stunServer.ts'
import { TurnCredentials, type TurnOptions } from './turnCredentials.ts'
import { WriteBatch } from './writeBatch.ts'

/** What {@link startSignaling} takes. */
export interface SignalingOptions {
  /** TCP port, 0…65,535; 0 (the default) picks a free one. */
  port?: number
  /** Address to listen on; `127.0.0.1`, this machine only, where left out. `::` is every interface. */
  host?: string
  /** UDP port of STUN; the number of the TCP port where left out; null for no STUN. */
  stunPort?: number | null
  /** Where clients find STUN; at the host name by which they reached the service where left out. */
  stunHost?: string
  /** TURN servers that clients get time-limited credentials for; none where left out. */
  turn?: TurnOptions
  /** Whether a proxy in front sets `X-Forwarded-For` (default false). Without one it would let anyone lie. */
  trustProxy?: boolean
  /**
   * Addresses and networks (`10.0.0.0/8`) of proxies in front, one behind the other maybe; `X-Forwarded-For` is believed as far as
   * they wrote it. Better than `trustProxy` where others can connect past the proxy.
   */
  trustedProxies?: readonly string[]
  /** Whether limits per address hold for this machine too (default: unless only this machine can connect). */
  limitLoopback?: boolean
  limits?: Partial<SignalingLimits>
  /** Takes part in a mesh of services over libp2p, which is loaded for it, and relays for peers; not where left out. */
  mesh?: MeshOptions
  /** Where metrics are served for Prometheus; nowhere where left out. */
  metrics?: MetricsOptions
  /** Real time where left out. */
  clock?: Clock
  /** The platform's randomness where left out. */
  random?: RandomSource
  logger?: Logger
  /** Checks the signatures of announcements; the platform's own way where left out. */
  verify?: Verify
}

/** Where metrics are served: at `/metrics` of a port of their own, so that nobody publishes them together with the service. */
export interface MetricsOptions {
  /** TCP port, 0…65,535; 0 picks a free one. */
  port: number
  /** Address to listen on; `127.0.0.1`, this machine only, where left out. */
  host?: string
}

/** Whether it takes clients (`ready`), waits for the last of them (`draining`) or is gone. */
export type SignalingState = 'ready' | 'draining' | 'closed'

/** What {@link SignalingService.drain} takes. */
export interface DrainOptions {
  /** How long routes under way may take to finish, ms (default 8,000). */
  withinMs?: number
}

/** Why a connection never became one: turned away, no HTTP, no proper WebSocket, or no hello. */
export type HandshakeFailure = 'refused' | 'http' | 'upgrade' | 'hello'

/** How a service does, as plain data. */
export interface SignalingStats extends Omit<SwitchboardStats, 'limitsHit'> {
  /** How often each limit was met. */
  limitsHit: Readonly<Partial<Record<SwitchboardLimit | DoorLimit | SlowReaderLimit, number>>>
  /** Connections that have not said hello yet. */
  pending: number
  /** Connections that failed before they had said hello. */
  handshakeFailures: Readonly<Partial<Record<HandshakeFailure, number>>>
  /** Connections for which much waits to be read. */
  slowReaders: number
  uptimeMs: number
  stunAnswered: number
  stunIgnored: number
  /** Left out where it takes part in no mesh. */
  mesh?: RunningMeshStats
}

/** A running signaling service. */
export interface SignalingService {
  /** What clients on this machine dial, e.g. `ws://127.0.0.1:7100`. */
  readonly url: string
  readonly port: number
  /** E.g. `stun:127.0.0.1:7100`; undefined without STUN. */
  readonly stunUrl: string | undefined
  /** Its part in a mesh; undefined where it has none. */
  readonly mesh: Pick<RunningMesh, 'id' | 'addresses'> | undefined
  /** E.g. `http://127.0.0.1:9464/metrics`; undefined without metrics. */
  readonly metricsUrl: string | undefined
  readonly state: SignalingState
  stats(): SignalingStats
  /**
   * Stops without cutting anybody off: takes no new connections and says so at `/readyz`, sends clients away that have no route under
   * way (code 1001: hosts announce elsewhere or again, joiners try the next hint), lets routes finish, and closes. Idempotent.
   */
  drain(options?: DrainOptions): Promise<void>
  /** Takes leave of every client and frees everything, within a second. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a signaling service: it introduces peers to each other and sees nothing of what they say. Nothing is
 * stored; sessions are announced anew after a restart by their hosts.
 * @throws ConvoyError `port-in-use`, `not-permitted` (ports below 1024) or `invalid-argument`.
 * @example
 * ```ts
 * const service = await startSignaling({ port: 7100 })
 * console.log(service.url)
 * await service.close()
 * ```
 */
export async function startSignaling(options: SignalingOptions = {}): Promise<SignalingService> {
  const { clock = createSystemClock(), random = systemRandom } = options
  const { logger = silentLogger, trustProxy = false, trustedProxies = [] } = options
  const addressOf = clientAddress(trustProxy, trustedProxies)
  const host = await resolveHost(options.host ?? '127.0.0.1')
  const limits: SignalingLimits = { ...defaultSignalingLimits, ...options.limits }
  checkPort(options.port ?? 0)
  checkPort(options.stunPort ?? 0)
  checkPort(options.metrics?.port ?? 0)
  const turn = options.turn && new TurnCredentials(options.turn, clock, random)

  const http = createServer({
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: requestLookMs,
    keepAliveTimeout: 5_000,
  })
  http.maxConnections = limits.connections + limits.pending
  await listen(http, host, options.port ?? 0)
  const { port } = http.address() as AddressInfo
  const stun = await startStun({
    ...options,
    clock,
    port,
    host,
    logger,
    limits,
    requested: options.port ?? 0,
  }).catch(async (error: unknown) => {
    await new Promise((resolve) => http.close(resolve))
    throw error
  })

  const startedAt = clock.now()
  const switchboard = new Switchboard({
    clock,
    random,
    logger,
    limits,
    ...(options.verify && { verify: options.verify }),
  })
  const isProxied = trustProxy || trustedProxies.length > 0
  const doorKeeper = new DoorKeeper({
    clock,
    limits,
    addressOf,
    proxied: isProxied,
    limitLoopback: options.limitLoopback ?? (isProxied || !isLoopback(host)),
  })
  const slowReaders = new SlowReaders(limits)
  const handshakeFailures = new Counters<HandshakeFailure>()
  // The largest frame and no compression: memory per connection stays small and known.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: frameLimits.frameBytes,
    perMessageDeflate: false,
    clientTracking: true,
  })
  let mesh: RunningMesh | undefined
  const stats = (): SignalingStats => {
    const switched = switchboard.stats()
    return {
      ...switched,
      limitsHit: { ...switched.limitsHit, ...doorKeeper.limitsHit, ...slowReaders.cuts },
      pending: doorKeeper.pending,
      handshakeFailures: handshakeFailures.snapshot(),
      slowReaders: slowReaders.size,
      uptimeMs: clock.now() - startedAt,
      stunAnswered: stun?.answered ?? 0,
      stunIgnored: stun?.ignored ?? 0,
      ...(mesh && { mesh: mesh.stats() }),
    }
  }
  let state: SignalingState = 'ready'
  let draining: Promise<void> | undefined
  let closing: Promise<void> | undefined
  const endDrain = new AbortController()
  const cancelSlowReaders = clock.every(slowReadersMs, () => slowReaders.check(clock.now()))

  const serving = {
    clock,
    switchboard,
    stun: stun === undefined ? null : { host: options.stunHost ?? null, port: stun.port },
    turn: turn && ((address: string | null) => turn.issue(address)),
    slowReaders,
    writes: new WriteBatch(),
    ungreeted: () => handshakeFailures.add('hello'),
  }
  http.on('connection', (socket) => {
    if (!doorKeeper.knock(socket)) socket.destroy()
  })
  http.on('request', (request, response) => answerHttp(request, response, { state: () => state, stats }))
  http.on('clientError', (_, socket) => {
    handshakeFailures.add('http')
    refuseMalformed(socket)
  })
  sockets.on('wsClientError', (_, socket) => {
    handshakeFailures.add('upgrade')
    refuseMalformed(socket)
  })
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', destroy)
    const entry = state === 'ready' ? doorKeeper.enter(request) : 'closing'
    if (typeof entry === 'string') {
      switchboard.countRefused(`door-${entry}`)
      handshakeFailures.add('refused')
      return refuseUpgrade(socket, entry)
    }
    socket.once('close', entry.leave)
    sockets.handleUpgrade(request, socket, head, (webSocket) => servePort(webSocket, socket, entry, serving))
  })

  const drain = async (withinMs: number): Promise<void> => {
    state = 'draining'
    logger.info('The signaling service drains.', { clients: switchboard.stats().clients })
    const until = clock.now() + withinMs
    while (switchboard.drain(drainedPerLook) > 0 && clock.now() < until && !endDrain.signal.aborted) {
      await sleep(clock, drainLookMs, endDrain.signal).catch(() => undefined)
    }
  }
  const close = async (): Promise<void> => {
    state = 'closed'
    endDrain.abort()
    cancelSlowReaders()
    // First and without a word: hosts come to other services, and joiners there are to wait for them.
    const left = mesh?.close()
    switchboard.close()
    const stopped = new Promise<void>((resolve) => http.close(() => resolve()))
    const cancel = clock.after(closeGraceMs, () => {
      for (const webSocket of sockets.clients) webSocket.terminate()
      http.closeAllConnections()
    })
    http.closeIdleConnections()
    await Promise.all([stopped, stun?.close(), metrics?.close(), left])
    await new Promise((resolve) => sockets.close(resolve))
    cancel()
    logger.info('The signaling service stopped.')
  }
  let metrics: MetricsPort | undefined
  try {
    metrics = await startMetrics(options.metrics, { state: () => state, stats })
    mesh = await startMesh(options.mesh, {
      clock,
      random,
      logger,
      switchboard,
      connectionsPerAddress: limits.connectionsPerAddress,
      ...(options.verify && { verify: options.verify }),
    })
  } catch (error) {
    await (closing ??= close())
    throw error
  }
  const name = isWildcard(host) ? '127.0.0.1' : host
  logger.info('The signaling service runs.', { port, stunPort: stun?.port ?? null })
  return {
    url: `ws://${urlHost(name)}:${port}`,
    port,
    mesh,
    stunUrl: stun && `stun:${urlHost(options.stunHost ?? name)}:${stun.port}`,
    metricsUrl: metrics?.url,
    get state() {
      return state
    },
    stats,
    async drain({ withinMs = defaultDrainMs } = {}) {
      if (closing === undefined) await (draining ??= drain(withinMs))
      await (closing ??= close())
    },
    close: () => (closing ??= close()),
  }
}

function destroy(this: Socket): void {
  this.destroy()
}

/** Loaded only where it is asked for, and what it stands on with it. */
async function startMetrics(
  options: MetricsOptions | undefined,
  observed: ObservedService,
): Promise<MetricsPort | undefined> {
  return options && (await import('./metricsPort.ts')).MetricsPort.start(options, observed)
}

/** Loaded only where it is asked for, and libp2p with it. */
async function startMesh(
  options: MeshOptions | undefined,
  environment: MeshEnvironment,
): Promise<RunningMesh | undefined> {
  return options && (await import('./mesh/libp2p/startMesh.ts')).startMesh(options, environment)
}

interface StunStart {
  stunPort?: number | null
  /** The TCP port that was bound, and the one that was asked for. */
  port: number
  requested: number
  host: string
  clock: Clock
  logger: Logger
  limits: SignalingLimits
}

async function startStun({ stunPort, port, requested, ...rest }: StunStart): Promise<StunServer | undefined> {
  if (stunPort === null) return undefined
  if (stunPort !== undefined || requested !== 0) return StunServer.start({ ...rest, port: stunPort ?? port })
  // Any port will do, so the same number is preferred but not insisted on.
  return StunServer.start({ ...rest, port }).catch(() => StunServer.start({ ...rest, port: 0 }))
}
