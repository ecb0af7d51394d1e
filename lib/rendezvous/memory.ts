import { ConvoyError, silentLogger, type Clock, type Logger, type RandomSource } from '../core/index.ts'
import type { Signer, Verify } from '../identity/index.ts'
import { RendezvousClient } from './client.ts'
import { memoryLatencyMs, type RendezvousTimings } from './constants.ts'
import { cutCodes } from './frames.ts'
import type { DialFrameSocket } from './frameSocket.ts'
import type { Rendezvous } from './rendezvous.ts'
import { Switchboard } from './switchboard.ts'
import type { SwitchboardSocket } from './switchboardClient.ts'
import type { SwitchboardStats } from './switchboardStats.ts'
import { unlimitedSwitchboard, type SwitchboardLimits } from './switchboardLimits.ts'

/** What {@link createMemoryRendezvousHub} takes. */
export interface MemoryRendezvousOptions {
  clock: Clock
  random: RandomSource
  logger?: Logger
  /** One-way delay of every frame, ms, or a function that gives it; frames keep their order. */
  latencyMs?: number | (() => number)
  /** Limits of the service; none on rates and counts where left out. */
  limits?: Partial<SwitchboardLimits>
  timings?: Partial<RendezvousTimings>
  /** Checks signatures: a synchronous one in simulation, so that a seed replays. */
  verify?: Verify
  /** Makes the signer of the witness from a seed: a synchronous one in simulation. */
  signer?: (seed: Uint8Array) => Signer
}

/** A rendezvous service inside the process, and the rendezvous of its peers. */
export interface MemoryRendezvousHub {
  /** What its rendezvous give as their hint. */
  readonly hint: string
  /** A rendezvous for one peer. */
  rendezvous(): Rendezvous
  /** The service dies: connections break, nothing is remembered, nobody can connect. Idempotent. */
  goDown(): void
  /** A new service starts in place of the one that died. Idempotent. */
  comeBack(): void
  stats(): SwitchboardStats
  /** Ends the service and every rendezvous made here. Idempotent. */
  close(): Promise<void>
}

/**
 * A rendezvous without network: the protocol of the real one, frame by frame, on the given clock. On a
 * simulated clock it is deterministic.
 * @example
 * ```ts
 * const hub = createMemoryRendezvousHub({ clock, random: seededRandom(1) })
 * const hosted = await hub.rendezvous().announce(announcement)
 * const { route } = await hub.rendezvous().reach(announcement.sessionId)
 * ```
 */
export function createMemoryRendezvousHub(options: MemoryRendezvousOptions): MemoryRendezvousHub {
  return new MemoryHub(options)
}

class MemoryHub implements MemoryRendezvousHub {
  readonly hint = 'memory:'
  readonly #options: MemoryRendezvousOptions
  readonly #rendezvous = new Set<RendezvousClient>()
  #service: Switchboard | undefined
  #peers = 0
  #closed = false

  constructor(options: MemoryRendezvousOptions) {
    this.#options = options
    this.comeBack()
  }

  rendezvous(): Rendezvous {
    if (this.#closed) throw new ConvoyError('closed', 'The in-memory rendezvous was closed.')
    const { clock, random, logger, timings } = this.#options
    const address = `peer-${++this.#peers}`
    const client = new RendezvousClient({
      hint: this.hint,
      host: 'memory',
      clock,
      random,
      logger: logger ?? silentLogger,
      ...(timings && { timings }),
      dial: (handlers) => this.#dial(address, handlers),
    })
    this.#rendezvous.add(client)
    return client
  }

  goDown(): void {
    this.#service?.close()
    this.#service = undefined
  }

  comeBack(): void {
    if (this.#closed) return
    const { clock, random, logger, limits, verify, signer } = this.#options
    this.#service ??= new Switchboard({
      clock,
      random,
      limits: { ...unlimitedSwitchboard, ...limits },
      ...(logger && { logger }),
      ...(verify && { verify }),
      ...(signer && { signer }),
    })
  }

  stats(): SwitchboardStats {
    return (
      this.#service?.stats() ?? {
        clients: 0,
        sessions: 0,
        routes: 0,
        witnessed: 0,
        relayedMessages: 0,
        relayedBytes: 0,
        refused: {},
        limitsHit: {},
        grants: { granted: 0, refused: 0 },
        receivedFrames: {},
        receivedBytes: 0,
        sentFrames: 0,
        sentBytes: 0,
      }
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    const closing = [...this.#rendezvous].map((client) => client.close())
    this.#rendezvous.clear()
    this.goDown()
    await Promise.all(closing)
  }

  #dial(address: string, handlers: Parameters<DialFrameSocket>[0]): ReturnType<DialFrameSocket> {
    const toClient = new OrderedDelay(this.#options)
    const toService = new OrderedDelay(this.#options)
    let socket: SwitchboardSocket | undefined
    let over = false
    const end = (code: number): void => {
      toClient.deliver(() => {
        if (over) return
        over = true
        handlers.closed(code)
      })
    }
    toService.deliver(() => {
      if (over) return
      socket = this.#service?.accept({
        address,
        stun: null,
        send: (bytes) => {
          // A copy, as on a network: the sender may go on using its bytes.
          const copy = bytes.slice()
          toClient.deliver(() => {
            if (!over) handlers.message(copy)
          })
        },
        cut: (reason) => end(cutCodes[reason]),
      })
      if (socket === undefined) return end(1006)
      toClient.deliver(() => {
        if (!over) handlers.open()
      })
    })
    return {
      send(bytes) {
        const copy = bytes.slice()
        toService.deliver(() => socket?.receive(copy))
      },
      close() {
        over = true
        toService.deliver(() => socket?.gone())
      },
    }
  }
}

/** Delays one direction of a connection without changing the order, whatever the delays are. */
class OrderedDelay {
  readonly #clock: Clock
  readonly #latencyMs: number | (() => number)
  readonly #underWay: (() => void)[] = []
  #lastAt = 0

  constructor(options: MemoryRendezvousOptions) {
    this.#clock = options.clock
    this.#latencyMs = options.latencyMs ?? memoryLatencyMs
  }

  deliver(action: () => void): void {
    const latency = typeof this.#latencyMs === 'number' ? this.#latencyMs : this.#latencyMs()
    const now = this.#clock.now()
    this.#lastAt = Math.max(this.#lastAt, now + latency)
    this.#underWay.push(action)
    // Each timer delivers the oldest, not its own: real timers of different lengths may fire out of order.
    this.#clock.after(this.#lastAt - now, () => this.#underWay.shift()?.())
  }
}
