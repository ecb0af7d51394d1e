import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { Counters, type Clock, type RandomSource } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import { DelayLane, type LaneSurroundings } from './delayLane.ts'

export { impairedConnector } from './impairedConnector.ts'

/** What happens to UDP packets on their way, in each direction by itself. */
export interface ImpairmentConditions {
  /** Delay, ms. */
  delayMs: number
  /** Delays are spread evenly over `delayMs` ± this; the order stays unless {@link reorder} is set. */
  jitterMs: number
  /** Share of packets that vanish, 0…100. */
  lossPercent: number
  /** Share of packets that arrive twice, 0…100. */
  duplicatePercent: number
  /** Lets jitter change the order. */
  reorder: boolean
  /** Bytes of the largest packet that passes, headers of IPv4 and UDP included; larger ones vanish without a word. */
  mtu: number
}

/** What an {@link Impairment} is made with; what is left out does nothing. */
export interface ImpairmentOptions extends Partial<ImpairmentConditions> {
  clock: Clock
  random: RandomSource
}

/** What became of packets, by name. */
export type PacketCount = 'forwarded' | 'lost' | 'duplicated' | 'blocked' | 'oversized'

/** A bad network for real WebRTC: packets between engines pass through it in user space. */
export interface Impairment {
  readonly counts: Counters<PacketCount>
  /** Changes the conditions from now on. */
  set(conditions: Partial<ImpairmentConditions>): void
  /** Lets nothing pass, as if the other side's process was killed or the cable pulled. */
  block(): void
  unblock(): void
  /**
   * Every way through goes on from another port, as behind a router that forgot its mappings: what was open is seen to
   * come from elsewhere, and answers to the former port are lost.
   */
  rebind(): Promise<void>
  /** A relay for one connection; {@link impairedConnector} makes its own. */
  relay(): SignalRelay
  /** Sockets that are open, for leak checks. */
  readonly openSockets: number
}

/** Leads what is sent to the other side of one connection through an impairment. */
export interface SignalRelay {
  /**
   * `signal` of the other side with its candidates replaced by a port of the relay, one for each. Undefined
   * when nothing is left of it: of what could connect, only UDP over IPv4 passes, so that no direct way does.
   * Signals come out in the order they go in.
   */
  rewrite(signal: Signal): Promise<Signal | undefined>
  /** Closes its sockets and forgets what is on the way. Idempotent. */
  close(): void
}

const harmless: ImpairmentConditions = {
  delayMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorder: false,
  mtu: Infinity,
}

/** Bytes of an IPv4 and a UDP header, which are no part of what a socket gets. */
const headerBytes = 20 + 8

/**
 * Makes a bad network. Packets are impaired in both directions on the way that goes through it; of two sides
 * that use one each, a connection takes only one, so delays are one-way and loss is per direction as stated.
 * @example
 * ```ts
 * const impairment = createImpairment({ clock, random, delayMs: 50, jitterMs: 10, lossPercent: 5 })
 * const connector = impairedConnector(await defaultConnector(), impairment)
 * ```
 */
export function createImpairment(options: ImpairmentOptions): Impairment {
  return new UserSpaceImpairment(options)
}

class UserSpaceImpairment implements Impairment {
  readonly counts = new Counters<PacketCount>()
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #sockets = new Set<Socket>()
  readonly #ways = new Set<OpenWay>()
  #conditions: ImpairmentConditions
  #blocked = false

  constructor({ clock, random, ...conditions }: ImpairmentOptions) {
    this.#clock = clock
    this.#random = random
    this.#conditions = { ...harmless, ...conditions }
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  set(conditions: Partial<ImpairmentConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions }
  }

  block(): void {
    this.#blocked = true
  }

  unblock(): void {
    this.#blocked = false
  }

  async rebind(): Promise<void> {
    await Promise.all([...this.#ways].map((way) => way.rebind()))
  }

  relay(): SignalRelay {
    const lanes = {
      clock: this.#clock,
      decide: (packet: Uint8Array) => this.#decide(packet),
      reorder: () => this.#conditions.reorder,
    }
    return new CandidateRelay(lanes, this.#sockets, this.#ways)
  }

  // Delays of the copies of one packet that arrive: none, one, or two.
  #decide(packet: Uint8Array): readonly number[] {
    if (this.#blocked) return this.#count('blocked', [])
    if (packet.length + headerBytes > this.#conditions.mtu) return this.#count('oversized', [])
    if (this.#chance(this.#conditions.lossPercent)) return this.#count('lost', [])
    if (!this.#chance(this.#conditions.duplicatePercent)) return this.#count('forwarded', [this.#delay()])
    return this.#count('duplicated', [this.#delay(), this.#delay()])
  }

  #count(name: PacketCount, delays: readonly number[]): readonly number[] {
    this.counts.add(name)
    return delays
  }

  #chance(percent: number): boolean {
    return this.#random.next() * 100 < percent
  }

  #delay(): number {
    const { delayMs, jitterMs } = this.#conditions
    return Math.max(0, delayMs + jitterMs * (2 * this.#random.next() - 1))
  }
}

/** A way for the packets of one candidate, both directions. */
interface OpenWay {
  rebind(): Promise<void>
}

/** Where packets for one candidate go. */
interface Address {
  address: string
  port: number
}

class CandidateRelay implements SignalRelay {
  readonly #around: LaneSurroundings
  readonly #allSockets: Set<Socket>
  readonly #allWays: Set<OpenWay>
  readonly #ways = new Map<string, Promise<Address>>()
  readonly #closers: (() => void)[] = []
  #closed = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(around: LaneSurroundings, allSockets: Set<Socket>, allWays: Set<OpenWay>) {
    this.#around = around
    this.#allSockets = allSockets
    this.#allWays = allWays
  }

  rewrite(signal: Signal): Promise<Signal | undefined> {
    const result = this.#last.then(() => (this.#closed ? undefined : this.#rewriteNow(signal)))
    this.#last = result.catch(() => undefined)
    return result
  }

  close(): void {
    this.#closed = true
    for (const close of this.#closers.splice(0)) close()
  }

  async #rewriteNow(signal: Signal): Promise<Signal | undefined> {
    if (signal.type === 'candidate') {
      const candidate = await this.#rewriteLine(signal.candidate)
      return candidate === undefined ? undefined : { ...signal, candidate }
    }
    const lines: string[] = []
    for (const line of signal.sdp.split('\r\n')) {
      const kept = line.startsWith('a=candidate:') ? await this.#rewriteLine(line) : line
      if (kept !== undefined) lines.push(kept)
    }
    return { ...signal, sdp: lines.join('\r\n') }
  }

  async #rewriteLine(line: string): Promise<string | undefined> {
    const fields = line.split(' ')
    const [, , transport, , address = '', port = ''] = fields
    const literal = /^\d+\.\d+\.\d+\.\d+$/.test(address)
    // What no engine can use passes as it is, for the connection to refuse.
    if (!literal && !address.includes(':') && !address.endsWith('.local')) return line
    if (!literal || transport?.toLowerCase() !== 'udp') return undefined
    const way = await this.#wayTo({ address, port: Number(port) })
    return [...fields.slice(0, 4), way.address, way.port, ...fields.slice(6)].join(' ')
  }

  #wayTo(target: Address): Promise<Address> {
    const key = `${target.address}:${target.port}`
    const known = this.#ways.get(key)
    if (known !== undefined) return known
    const way = this.#openWay(target)
    this.#ways.set(key, way)
    return way
  }

  // One socket does both directions, until the way is rebound: what doesn't come from the target comes from our own engine.
  async #openWay(target: Address): Promise<Address> {
    const address = ownAddressNear(target.address)
    const near = await this.#openSocket(address)
    let far = near
    let own: Address | undefined
    const send = (socket: Socket, packet: Uint8Array, to: Address | undefined): void => {
      // An error means that the receiver is gone, and its packets with it.
      if (to !== undefined) socket.send(packet, to.port, to.address, () => undefined)
    }
    const outward = new DelayLane(this.#around, (packet) => send(far, packet, target))
    const inward = new DelayLane(this.#around, (packet) => send(near, packet, own))
    const isTarget = (from: RemoteInfo): boolean =>
      from.port === target.port && from.address === target.address
    near.on('message', (packet: Uint8Array, from: RemoteInfo) => {
      if (isTarget(from)) return far === near ? inward.push(packet) : undefined
      own = { address: from.address, port: from.port }
      outward.push(packet)
    })
    let closed = false
    const way: OpenWay = {
      rebind: async () => {
        const socket = await this.#openSocket(address)
        if (closed) return this.#closeSocket(socket)
        if (far !== near) this.#closeSocket(far)
        far = socket
        socket.on('message', (packet: Uint8Array, from: RemoteInfo) => {
          if (isTarget(from)) inward.push(packet)
        })
      },
    }
    this.#allWays.add(way)
    const close = (): void => {
      closed = true
      outward.close()
      inward.close()
      this.#allWays.delete(way)
      this.#closeSocket(near)
      if (far !== near) this.#closeSocket(far)
    }
    const { port } = near.address()
    if (this.#closed) close()
    else this.#closers.push(close)
    return this.#closed ? target : { address, port }
  }

  #openSocket(address: string): Promise<Socket> {
    const socket = createSocket('udp4')
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, address, () => {
        this.#allSockets.add(socket)
        resolve(socket)
      })
    })
  }

  #closeSocket(socket: Socket): void {
    this.#allSockets.delete(socket)
    socket.close()
  }
}

// An address that both a local target and our own engine can exchange packets with.
function ownAddressNear(target: string): string {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  if (own.some(({ address }) => address === target)) return target
  return own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}
