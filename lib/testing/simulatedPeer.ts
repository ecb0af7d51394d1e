import { Emitter, type RandomSource, type Unsubscribe } from '../core/index.ts'
import type { Connector } from '../rtc/index.ts'
import { frozenDatagrams } from './constants.ts'
import type { PeerClock } from './peerClock.ts'
import type { SimulatedClock } from './simulatedClock.ts'

/** What crossed the network from and to a peer: messages and payload bytes of both channels. */
export interface PeerTraffic {
  datagramsSent: number
  datagramsReceived: number
  bytesSent: number
  bytesReceived: number
}

/** One process on a {@link SimulatedNetwork}, made by {@link SimulatedNetwork.peer}: all it takes to be a peer. */
export class SimulatedPeer {
  readonly name: string
  /** Its own clock: hand it to whatever runs in this process, and {@link kill} and {@link freeze} reach that too. */
  readonly clock: PeerClock
  /** Its own luck, derived from the network's seed and the name. */
  readonly random: RandomSource
  readonly connector: Connector
  readonly traffic: PeerTraffic = { datagramsSent: 0, datagramsReceived: 0, bytesSent: 0, bytesReceived: 0 }
  readonly #base: SimulatedClock
  readonly #changed: (peer: SimulatedPeer) => void
  readonly #events = new Emitter<{ killed: undefined }>()
  #state: 'running' | 'frozen' | 'killed' = 'running'
  /** What arrived while frozen. */
  #waiting: (() => void)[] = []
  #waitingDatagrams = 0

  /** @internal */
  constructor(
    name: string,
    base: SimulatedClock,
    own: { clock: PeerClock; random: RandomSource; connect: Connector['connect'] },
    changed: (peer: SimulatedPeer) => void,
  ) {
    this.name = name
    this.clock = own.clock
    this.random = own.random
    this.connector = { name: 'simulated', connect: own.connect }
    this.#base = base
    this.#changed = changed
  }

  /** Whether the process neither died nor stands still. */
  get running(): boolean {
    return this.#state === 'running'
  }

  get killed(): boolean {
    return this.#state === 'killed'
  }

  /**
   * The process dies: its timers end, nothing is sent or received any more, and nobody is told. Ask the network
   * for a peer of the same name to start it again.
   */
  kill(): void {
    if (this.killed) return
    this.#state = 'killed'
    this.#waiting = []
    this.clock.kill()
    this.#changed(this)
    this.#events.emit('killed', undefined)
    this.#events.clear()
  }

  /** Calls `listener` when the process dies: what its operating system does for it, such as closing sockets. */
  onKilled(listener: () => void): Unsubscribe {
    return this.#events.on('killed', listener)
  }

  /** The process stands still, as with a closed laptop lid: no timer runs and what arrives waits. */
  freeze(): void {
    if (!this.running) return
    this.#state = 'frozen'
    this.clock.freeze()
    this.#changed(this)
  }

  /** The process goes on: first the timers that fell due, then all that waited, in one burst. */
  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'running'
    this.clock.thaw()
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingDatagrams = 0
    for (const deliver of waiting) this.#base.after(0, () => this.receive(deliver))
    this.#changed(this)
  }

  /** @internal Calls `deliver` inside the process, when it runs. */
  receive(deliver: () => void, isDatagram = false): void {
    if (this.running) return deliver()
    if (this.killed || (isDatagram && ++this.#waitingDatagrams > frozenDatagrams)) return
    this.#waiting.push(deliver)
  }
}
