import { ConvoyError, Counters, type Cancel } from '../core/index.ts'
import type { Connector } from '../rtc/index.ts'
import { ConditionsTable, type NetworkConditions } from './conditions.ts'
import { OneWayPath, type NetworkCount, type PathReceiver } from './oneWayPath.ts'
import type { Skew } from './peerClock.ts'
import { derivedRandom } from './seeds.ts'
import type { SimulatedClock } from './simulatedClock.ts'
import { SimulatedConnection, type ConnectionSurroundings, type Happening } from './simulatedConnection.ts'
import { SimulatedPeer } from './simulatedPeer.ts'
import { TraceHash } from './traceHash.ts'

/** What a {@link SimulatedNetwork} is made with; a perfect network unless conditions say otherwise. */
export interface SimulatedNetworkOptions extends Partial<NetworkConditions> {
  clock: SimulatedClock
  /** A whole number from which all luck derives (default 1): the same one repeats a run bit for bit. */
  seed?: number
}

/** Whether packets from one peer to another are held up. */
type Barrier = (from: string, to: string) => boolean

const happenings: readonly Happening[] = ['open', 'state', 'control', 'local', 'remote', 'failed']

/**
 * A network between simulated peers that does what it is told: delay, jitter, loss, duplicates, reordering,
 * partitions, processes that freeze and die. The same seed repeats a run bit for bit.
 * @example
 * ```ts
 * const clock = new SimulatedClock()
 * const network = new SimulatedNetwork({ clock, seed: 7, delayMs: 50, jitterMs: 10, lossPercent: 5 })
 * const { connector, clock: aliceClock, random } = network.peer('alice')
 * const heal = network.cut('alice', 'bob')
 * await clock.run(3_000)
 * heal()
 * ```
 */
export class SimulatedNetwork {
  readonly clock: SimulatedClock
  /** What happened to all that was sent. */
  readonly counters = new Counters<NetworkCount>()
  readonly #seed: number
  readonly #peers = new Map<string, SimulatedPeer>()
  readonly #connections = new Map<string, SimulatedConnection>()
  readonly #barriers = new Set<Barrier>()
  readonly #conditions: ConditionsTable
  readonly #surroundings: ConnectionSurroundings
  readonly #trace = new TraceHash()
  #madePeers = 0

  /** @throws ConvoyError `invalid-argument` when a condition is out of range. */
  constructor({ clock, seed = 1, ...conditions }: SimulatedNetworkOptions) {
    this.clock = clock
    this.#seed = seed
    this.#conditions = new ConditionsTable(conditions)
    this.#surroundings = {
      clock,
      counters: this.counters,
      signalRandom: ({ id }) => derivedRandom(seed, 'signals', id),
      path: (from, to, receiver) => this.path(from.peer, to.peer, from.id, receiver),
      answering: (a, b) => a.running && b.running && this.connected(a, b),
      find: (id) => this.#connections.get(id),
      forget: (connection) => this.#connections.delete(connection.id),
      record: (happening, at, bytes) => this.#record(happening, at, bytes),
    }
  }

  /**
   * The process `name`, started at its first mention, and anew after it was killed.
   * @param skew - how its clock differs; counts when it is started.
   */
  peer(name: string, skew: Skew = {}): SimulatedPeer {
    const known = this.#peers.get(name)
    if (known !== undefined && !known.killed) return known
    const peerNumber = ++this.#madePeers
    let connections = 0
    const peer: SimulatedPeer = new SimulatedPeer(
      name,
      this.clock,
      {
        clock: this.clock.skewed(skew),
        random: derivedRandom(this.#seed, 'peer', name, peerNumber),
        connect: (options) => {
          const numbers = { peer: peerNumber, connection: ++connections }
          const connection = new SimulatedConnection(this.#surroundings, peer, numbers, options)
          if (!peer.killed) this.#connections.set(connection.id, connection)
          return connection
        },
      },
      () => this.#peerChanged(peer),
    )
    this.#peers.set(name, peer)
    return peer
  }

  /** What makes the connections of the peer `name`. */
  connector(name: string): Connector {
    return this.peer(name).connector
  }

  /**
   * Ends the process `name` without a word to anyone: see {@link SimulatedPeer.kill}.
   * @throws ConvoyError `invalid-argument` when there never was one; so do {@link freeze} and {@link thaw}.
   */
  kill(name: string): void {
    this.#started(name).kill()
  }

  /** Suspends the process `name`: see {@link SimulatedPeer.freeze}. */
  freeze(name: string): void {
    this.#started(name).freeze()
  }

  /** Lets the process `name` go on. */
  thaw(name: string): void {
    this.#started(name).thaw()
  }

  /** Changes the conditions between all peers that have none of their own in that point. */
  setConditions(changes: Partial<NetworkConditions>): void {
    this.#conditions.setDefaults(changes)
    this.#review()
  }

  /** Changes the conditions between two peers, both ways. */
  setConditionsBetween(a: string, b: string, changes: Partial<NetworkConditions>): void {
    this.setConditionsFrom(a, b, changes)
    this.setConditionsFrom(b, a, changes)
  }

  /** Changes the conditions of what goes from one peer to another. */
  setConditionsFrom(from: string, to: string, changes: Partial<NetworkConditions>): void {
    this.#conditions.setFrom(from, to, changes)
    this.#review()
  }

  /** Lets nothing pass between two peers until the returned function is called. */
  cut(a: string, b: string): Cancel {
    return this.#raise((from, to) => (from === a && to === b) || (from === b && to === a))
  }

  /** Lets nothing pass from one peer to another until the returned function is called. */
  cutOneWay(from: string, to: string): Cancel {
    return this.#raise((sender, receiver) => sender === from && receiver === to)
  }

  /**
   * Lets nothing pass between peers of different groups until the returned function is called. Peers in no
   * group reach everyone.
   */
  partition(...groups: readonly (readonly string[])[]): Cancel {
    const groupOf = new Map(groups.flatMap((group, index) => group.map((name) => [name, index] as const)))
    return this.#raise((from, to) => {
      const [a, b] = [groupOf.get(from), groupOf.get(to)]
      return a !== undefined && b !== undefined && a !== b
    })
  }

  /** Lets nothing pass to or from a peer until the returned function is called. */
  isolate(name: string): Cancel {
    return this.#raise((from, to) => from === name || to === name)
  }

  /** Undoes every cut and partition. */
  heal(): void {
    this.#barriers.clear()
    this.#review()
  }

  /**
   * @internal One direction between two processes.
   * @param label - tells it from others between the same two.
   */
  path(from: SimulatedPeer, to: SimulatedPeer, label: string, receiver: PathReceiver): OneWayPath {
    const labels = [from.name, to.name, label] as const
    return new OneWayPath(
      {
        clock: this.clock,
        counters: this.counters,
        datagramRandom: derivedRandom(this.#seed, 'datagrams', ...labels),
        controlRandom: derivedRandom(this.#seed, 'control', ...labels),
        conditions: () => this.#conditions.between(from.name, to.name),
        blocked: () => !from.running || this.#blocked(from, to),
      },
      receiver,
    )
  }

  /** @internal Whether something passes in both directions between two processes, whatever state they are in. */
  connected(a: SimulatedPeer, b: SimulatedPeer): boolean {
    return !this.#blocked(a, b) && !this.#blocked(b, a)
  }

  /** Connections that are not closed, each end by itself: 0 once everything is closed, or something leaked. */
  get openConnections(): number {
    return this.#connections.size
  }

  /** 16 digits that stand for everything that was delivered, when, where, and in which order. */
  traceHash(): string {
    return this.#trace.toString()
  }

  #started(name: string): SimulatedPeer {
    const peer = this.#peers.get(name)
    if (peer === undefined)
      throw new ConvoyError('invalid-argument', `No process "${name}" was started here.`)
    return peer
  }

  #blocked(from: SimulatedPeer, to: SimulatedPeer): boolean {
    if (this.#conditions.between(from.name, to.name).lossPercent >= 100) return true
    for (const barrier of this.#barriers) if (barrier(from.name, to.name)) return true
    return false
  }

  #raise(barrier: Barrier): Cancel {
    this.#barriers.add(barrier)
    this.#review()
    return () => {
      if (this.#barriers.delete(barrier)) this.#review()
    }
  }

  #peerChanged(peer: SimulatedPeer): void {
    if (peer.killed) {
      for (const connection of [...this.#connections.values()]) {
        if (connection.peer === peer) connection.abandon()
      }
    }
    this.#review()
  }

  #review(): void {
    for (const connection of [...this.#connections.values()]) connection.review()
  }

  #record(happening: Happening, at: SimulatedConnection, bytes?: Uint8Array): void {
    this.#trace.addNumber(this.clock.now())
    this.#trace.addNumber(happenings.indexOf(happening))
    this.#trace.addNumber(at.peerNumber)
    this.#trace.addNumber(at.number)
    if (bytes !== undefined) this.#trace.addBytes(bytes)
  }
}
