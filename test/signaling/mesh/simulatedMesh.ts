import { ConvoyError, seededRandom, type Clock, type RandomSource } from '../../../lib/core/index.ts'
import { tweetnaclSigner } from '../../../lib/identity/index.ts'
import {
  cutCodes,
  RendezvousClient,
  Switchboard,
  unlimitedSwitchboard,
  type Rendezvous,
  type SwitchboardLimits,
  type SwitchboardSocket,
} from '../../../lib/rendezvous/index.ts'
import { SimulatedClock, simulatedVerify } from '../../../lib/testing/index.ts'
import type { MeshLimits } from '../../../signaling/mesh/constants.ts'
import { Mesh, type MeshOptions } from '../../../signaling/mesh/mesh.ts'
import type {
  MeshNetwork,
  MeshNetworkHandlers,
  MeshStream,
  StreamKind,
} from '../../../signaling/mesh/meshNetwork.ts'
import { silentLogger } from '../../../lib/core/index.ts'

/** One-way delay between services, and between a client and its service, ms. */
const delayMs = 5

/** Frames on a stream that are not read yet, above which its sender has to wait. */
const windowFrames = 8

/** One end of a stream of a simulated mesh. */
export class SimulatedMeshStream implements MeshStream {
  far!: SimulatedMeshStream
  /** Frames that were sent and not yet read at the other end. */
  inFlight = 0
  readonly #clock: Clock
  readonly #arrived: Uint8Array[] = []
  #reader: ((frame: Uint8Array | undefined) => void) | undefined
  readonly #waiting: (() => void)[] = []
  #ended = false
  #over = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  static pair(clock: Clock): [SimulatedMeshStream, SimulatedMeshStream] {
    const ends: [SimulatedMeshStream, SimulatedMeshStream] = [
      new SimulatedMeshStream(clock),
      new SimulatedMeshStream(clock),
    ]
    ends[0].far = ends[1]
    ends[1].far = ends[0]
    return ends
  }

  next(): Promise<Uint8Array | undefined> {
    const frame = this.#arrived.shift()
    if (frame !== undefined) {
      this.far.#read()
      return Promise.resolve(frame)
    }
    if (this.#ended || this.#over) return Promise.resolve(undefined)
    return new Promise((resolve) => (this.#reader = resolve))
  }

  send(frame: Uint8Array): void {
    if (this.#over) return
    this.inFlight++
    const copy = frame.slice()
    this.#clock.after(delayMs, () => this.far.#receive(copy))
  }

  drained(): Promise<void> {
    if (this.#over || this.inFlight < windowFrames) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  close(): void {
    if (this.#over) return
    this.abort()
  }

  abort(): void {
    if (this.#over) return
    this.#finish()
    this.#clock.after(delayMs, () => {
      this.far.#ended = true
      if (this.far.#arrived.length === 0) this.far.#finish()
    })
  }

  #receive(frame: Uint8Array): void {
    if (this.#over) return
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) this.#arrived.push(frame)
    else {
      this.far.#read()
      reader(frame)
    }
  }

  #read(): void {
    this.inFlight--
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #finish(): void {
    this.#over = true
    this.#reader?.(undefined)
    this.#reader = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** What else may be set of a service. */
export interface SimulatedServiceOptions {
  limits?: Partial<SwitchboardLimits>
  mesh?: Partial<MeshLimits>
  options?: Partial<MeshOptions>
}

/** A service of a simulated mesh. */
export class SimulatedService {
  readonly id: string
  readonly switchboard: Switchboard
  readonly mesh: Mesh
  readonly sockets = new Set<{ socket: SwitchboardSocket; cut: () => void }>()
  dead = false

  constructor(id: string, world: SimulatedMesh, { limits, mesh, options }: SimulatedServiceOptions) {
    const { clock, random } = world
    this.id = id
    this.switchboard = new Switchboard({
      clock,
      random,
      limits: { ...unlimitedSwitchboard, ...limits },
      verify: world.verify,
      signer: tweetnaclSigner,
    })
    this.mesh = new Mesh({
      clock,
      logger: silentLogger,
      switchboard: this.switchboard,
      verify: world.verify,
      limits: { ...mesh },
      ...options,
    })
  }
}

/** Services on simulated time, each connected to each but where a test cuts them off. */
export class SimulatedMesh {
  readonly clock = new SimulatedClock()
  readonly random: RandomSource = seededRandom(1)
  readonly verify
  /** Services, and whatever a test puts in the place of one. */
  readonly parties = new Map<string, MeshNetworkHandlers>()
  readonly services = new Map<string, SimulatedService>()
  readonly #cut = new Set<string>()
  readonly #joined = new Set<string>()
  readonly #shunned = new Set<string>()
  readonly #streams = new Map<string, Set<SimulatedMeshStream>>()
  readonly #clients: RendezvousClient[] = []
  #dials = 0

  constructor(verify: NonNullable<MeshOptions['verify']> = simulatedVerify) {
    this.verify = verify
  }

  /** Starts a service, and connects it. */
  service(id: string, options: SimulatedServiceOptions = {}): SimulatedService {
    const service = new SimulatedService(id, this, options)
    this.services.set(id, service)
    service.mesh.start(this.network(id))
    this.party(id, service.mesh)
    return service
  }

  /** Connects whatever speaks as a service. */
  party(id: string, handlers: MeshNetworkHandlers): void {
    this.parties.set(id, handlers)
    for (const other of this.parties.keys()) if (other !== id) this.connect(id, other)
  }

  /** What `id` reaches the others through. */
  network(id: string): MeshNetwork {
    return {
      open: async (other, kind) => this.open(id, other, kind),
      disconnect: (other) => this.disconnect(id, other),
      shun: (other) => {
        this.#shunned.add(pairOf(id, other))
        this.disconnect(id, other)
      },
    }
  }

  /** A stream from one to the other, as the one has it. */
  open(id: string, other: string, kind: StreamKind): SimulatedMeshStream {
    const pair = pairOf(id, other)
    if (!this.#joined.has(pair)) {
      throw new ConvoyError('rendezvous-unreachable', 'The service is not connected.')
    }
    const [near, far] = SimulatedMeshStream.pair(this.clock)
    const streams = this.#streams.get(pair) ?? new Set()
    this.#streams.set(pair, streams.add(near))
    this.clock.after(delayMs, () => this.parties.get(other)?.stream(id, kind, far))
    return near
  }

  connect(id: string, other: string): void {
    const pair = pairOf(id, other)
    if (this.#joined.has(pair) || this.#cut.has(pair) || this.#shunned.has(pair)) return
    this.#joined.add(pair)
    this.parties.get(id)?.joined({ id: other, limitKey: null, named: false })
    this.parties.get(other)?.joined({ id, limitKey: null, named: false })
  }

  disconnect(id: string, other: string): void {
    const pair = pairOf(id, other)
    if (!this.#joined.delete(pair)) return
    for (const stream of this.#streams.get(pair) ?? []) stream.abort()
    this.#streams.delete(pair)
    this.parties.get(id)?.left(other)
    this.parties.get(other)?.left(id)
  }

  isShunned(id: string, other: string): boolean {
    return this.#shunned.has(pairOf(id, other))
  }

  /** Nothing passes between these two groups until it is healed. */
  partition(some: readonly string[], others: readonly string[]): void {
    for (const one of some) {
      for (const other of others) {
        this.#cut.add(pairOf(one, other))
        this.disconnect(one, other)
      }
    }
  }

  heal(): void {
    this.#cut.clear()
    const ids = [...this.parties.keys()]
    for (const one of ids) for (const other of ids) if (one < other) this.connect(one, other)
  }

  /** The service dies without a word. */
  kill(id: string): void {
    const service = this.services.get(id)
    if (service === undefined) return
    service.dead = true
    this.services.delete(id)
    for (const other of [...this.parties.keys()]) this.disconnect(id, other)
    this.parties.delete(id)
    service.mesh.close()
    for (const { cut } of service.sockets) cut()
    service.switchboard.close()
  }

  /** A rendezvous whose every connection goes to the service that `at` names. */
  rendezvous(at: string | (() => string), address: string | null = `client-${this.#dials}`): Rendezvous {
    const client = new RendezvousClient({
      hint: 'mesh:',
      host: 'mesh',
      clock: this.clock,
      random: this.random,
      dial: (handlers) => {
        this.#dials++
        const service = this.services.get(typeof at === 'string' ? at : at())
        let over = false
        const later = (action: () => void): void => void this.clock.after(delayMs, action)
        const end = (code: number): void =>
          later(() => {
            if (over) return
            over = true
            handlers.closed(code)
          })
        let socket: SwitchboardSocket | undefined
        later(() => {
          if (over) return
          if (service === undefined || service.dead) return end(1006)
          socket = service.switchboard.accept({
            address,
            stun: null,
            send: (bytes) => later(() => over || handlers.message(bytes)),
            cut: (reason) => end(cutCodes[reason]),
          })
          service.sockets.add({ socket, cut: () => end(1006) })
          later(() => over || handlers.open())
        })
        return {
          send: (bytes) => later(() => socket?.receive(bytes)),
          close: () => {
            over = true
            later(() => socket?.gone())
          },
        }
      },
    })
    this.#clients.push(client)
    return client
  }

  /** A rendezvous behind a load balancer: each connection goes to the next service. */
  balanced(): Rendezvous {
    return this.rendezvous(() => {
      const ids = [...this.services.keys()]
      return ids[this.#dials % Math.max(1, ids.length)] ?? ''
    })
  }

  async close(): Promise<void> {
    await this.clock.complete(Promise.all(this.#clients.map((client) => client.close())))
    for (const id of [...this.services.keys()]) this.kill(id)
    await this.clock.run(1_000)
  }
}

function pairOf(one: string, other: string): string {
  return [one, other].sort().join(' ')
}
