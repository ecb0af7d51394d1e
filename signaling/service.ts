import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import {
  ConvoyError,
  createSystemClock,
  silentLogger,
  systemRandom,
  type Clock,
  type Logger,
  type RandomSource,
} from '../lib/core/index.ts'
import type { Verify } from '../lib/identity/index.ts'
import { frameLimits, Switchboard, type SwitchboardStats } from '../lib/rendezvous/index.ts'
import { isLoopback, isWildcard, urlHost } from './addresses.ts'
import { closeGraceMs, defaultSignalingLimits, requestMs, type SignalingLimits } from './constants.ts'
import { DoorKeeper } from './doorKeeper.ts'
import { answerHttp, refuseUpgrade } from './httpFace.ts'
import { listenError } from './listenError.ts'
import { servePort } from './servePort.ts'
import { StunServer } from './stunServer.ts'
import { TurnCredentials, type TurnOptions } from './turnCredentials.ts'

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
  /** Whether limits per address hold for this machine too (default: unless only this machine can connect). */
  limitLoopback?: boolean
  limits?: Partial<SignalingLimits>
  /** Real time where left out. */
  clock?: Clock
  /** The platform's randomness where left out. */
  random?: RandomSource
  logger?: Logger
  /** Checks the signatures of announcements; the platform's own way where left out. */
  verify?: Verify
}

/** How a service does, as plain data. */
export interface SignalingStats extends SwitchboardStats {
  uptimeMs: number
  stunAnswered: number
  stunIgnored: number
}

/** A running signaling service. */
export interface SignalingService {
  /** What clients on this machine dial, e.g. `ws://127.0.0.1:7100`. */
  readonly url: string
  readonly port: number
  /** E.g. `stun:127.0.0.1:7100`; undefined without STUN. */
  readonly stunUrl: string | undefined
  stats(): SignalingStats
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
  const { logger = silentLogger, trustProxy = false } = options
  const host = await resolveHost(options.host ?? '127.0.0.1')
  const limits: SignalingLimits = { ...defaultSignalingLimits, ...options.limits }
  checkPort(options.port ?? 0)
  checkPort(options.stunPort ?? 0)
  const turn = options.turn && new TurnCredentials(options.turn, clock, random)

  const http = createServer({ headersTimeout: requestMs, requestTimeout: requestMs, keepAliveTimeout: 5_000 })
  // Those that are no WebSockets yet: they have 10 s to become one or to ask something.
  http.maxConnections = limits.connections + 1_000
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
  const doorKeeper = new DoorKeeper({
    clock,
    limits,
    trustProxy,
    limitLoopback: options.limitLoopback ?? (trustProxy || !isLoopback(host)),
  })
  // The largest frame and no compression: memory per connection stays small and known.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: frameLimits.frameBytes,
    perMessageDeflate: false,
    clientTracking: true,
  })
  const stats = (): SignalingStats => ({
    ...switchboard.stats(),
    uptimeMs: clock.now() - startedAt,
    stunAnswered: stun?.answered ?? 0,
    stunIgnored: stun?.ignored ?? 0,
  })
  let closing: Promise<void> | undefined

  http.on('request', (request, response) => answerHttp(request, response, stats))
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const entry = closing === undefined ? doorKeeper.enter(request) : 'closing'
    if (typeof entry === 'string') {
      switchboard.countRefused(`door-${entry}`)
      return refuseUpgrade(socket, entry)
    }
    socket.once('close', entry.leave)
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      servePort(webSocket, switchboard, {
        clock,
        address: entry.limitKey,
        stun: stun === undefined ? null : { host: options.stunHost ?? null, port: stun.port },
        turn: turn && (() => turn.issue(entry.limitKey)),
        bufferedBytes: limits.bufferedBytes,
      })
    })
  })

  const close = async (): Promise<void> => {
    switchboard.close()
    const stopped = new Promise<void>((resolve) => http.close(() => resolve()))
    const cancel = clock.after(closeGraceMs, () => {
      for (const webSocket of sockets.clients) webSocket.terminate()
      http.closeAllConnections()
    })
    http.closeIdleConnections()
    await Promise.all([stopped, stun?.close()])
    await new Promise((resolve) => sockets.close(resolve))
    cancel()
    logger.info('The signaling service stopped.')
  }
  const name = isWildcard(host) ? '127.0.0.1' : host
  logger.info('The signaling service runs.', { port, stunPort: stun?.port ?? null })
  return {
    url: `ws://${urlHost(name)}:${port}`,
    port,
    stunUrl: stun && `stun:${urlHost(options.stunHost ?? name)}:${stun.port}`,
    stats,
    close: () => (closing ??= close()),
  }
}

async function resolveHost(host: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (cause) {
    throw new ConvoyError('invalid-argument', `There is no host "${host}" to listen on.`, { cause })
  }
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConvoyError('invalid-argument', `A port is a whole number from 0 to 65535, not ${port}.`)
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => reject(listenError(cause, host, port, 'TCP'))
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve()
    })
  })
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
