import { createSocket, type Socket } from 'node:dgram'
import { TokenBucket, type Clock, type Logger } from '../lib/core/index.ts'
import { AddressBuckets } from '../lib/rendezvous/index.ts'
import { limitKey, plainAddress } from './addresses.ts'
import type { SignalingLimits } from './constants.ts'
import { listenError } from './listenError.ts'
import { answerStun } from './stunMessage.ts'

/** Where and how a {@link StunServer} answers. */
export interface StunServerOptions {
  /** An IP address, not a name. */
  host: string
  /** 0 picks a free one. */
  port: number
  clock: Clock
  logger: Logger
  limits: SignalingLimits
}

/** Tells clients their address as the internet sees it: STUN Binding on UDP, and nothing else of STUN. */
export class StunServer {
  readonly #socket: Socket
  #answered = 0
  #ignored = 0
  #closing: Promise<void> | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** @throws ConvoyError `port-in-use`, `not-permitted` or `invalid-argument`. */
  static async start(options: StunServerOptions): Promise<StunServer> {
    const { host, port, clock, limits, logger } = options
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (cause) => {
        socket.close()
        reject(listenError(cause, host, port, 'UDP'))
      })
      socket.bind(port, host, resolve)
    })
    socket.removeAllListeners('error')
    const server = new StunServer(socket)
    const perAddress = new AddressBuckets(clock, limits.stunPerSecond, limits.stunBurst)
    const total = new TokenBucket(clock, limits.stunPerSecondTotal, limits.stunPerSecondTotal)
    socket.on('error', (error) => logger.warn('The STUN socket had an error.', { error: error.message }))
    socket.on('message', (request, remote) => {
      const address = plainAddress(remote.address)
      const answer = answerStun(request, address, remote.port)
      if (answer === undefined || !perAddress.tryTake(limitKey(address)) || !total.tryTake()) {
        server.#ignored++
        return
      }
      server.#answered++
      // Lost answers are the asker's to repeat.
      socket.send(answer, remote.port, remote.address, () => {})
    })
    return server
  }

  get port(): number {
    return this.#socket.address().port
  }

  get answered(): number {
    return this.#answered
  }

  /** Not a Binding request, or over the limits. */
  get ignored(): number {
    return this.#ignored
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(resolve))
    return this.#closing
  }
}
