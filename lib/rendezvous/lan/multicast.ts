import type { Answer, Packet } from 'dns-packet'
import type makeMulticastDns from 'multicast-dns'
import type { MulticastDNS } from 'multicast-dns'
import { ConvoyError, TokenBucket, type Clock, type Counters } from '../../core/index.ts'
import { packetsAtOnce, packetsPerSecond, serviceType } from './constants.ts'
import { isNeighbour, ownAddresses } from './localNetworks.ts'

/** What a {@link Multicast} goes by. */
export interface MulticastOptions {
  readonly clock: Clock
  readonly dropped: Counters
  readonly port: number
  /** Addresses of the interfaces to use; all where undefined. */
  readonly interfaces: readonly string[] | undefined
  /** A message came from a neighbour at `address`. */
  packet(packet: Packet, address: string): void
}

/** Multicast DNS on every network of this machine: one socket each, since what is sent goes out over one. */
export class Multicast {
  readonly #options: MulticastOptions
  readonly #budget: TokenBucket
  #sockets: Promise<Map<string, MulticastDNS>> | undefined
  #closed = false

  constructor(options: MulticastOptions) {
    this.#options = options
    this.#budget = new TokenBucket(options.clock, packetsPerSecond, packetsAtOnce)
  }

  /**
   * Makes sure that it listens.
   * @throws ConvoyError `rendezvous-unreachable` where no network lets it.
   */
  async open(): Promise<void> {
    await this.#opened()
  }

  async ask(): Promise<void> {
    const sockets = await this.#opened()
    for (const socket of sockets.values()) socket.query({ questions: [{ name: serviceType, type: 'PTR' }] })
  }

  /** Sends records over each interface: those that `records` gives for its address. */
  async tell(records: (address: string) => Answer[]): Promise<void> {
    const sockets = await this.#opened()
    await Promise.all(
      [...sockets].map(
        ([address, socket]) =>
          new Promise<void>((resolve) => {
            // A network that went away takes nothing; the others do.
            socket.respond({ answers: records(address) }, () => resolve())
          }),
      ),
    )
  }

  /** The machine's networks changed: all sockets are made anew where there were some. */
  async renew(): Promise<void> {
    const former = this.#sockets
    if (former === undefined || this.#closed) return
    this.#sockets = undefined
    await closeAll(former)
    await this.#opened()
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    const sockets = this.#sockets
    this.#sockets = undefined
    if (sockets !== undefined) await closeAll(sockets)
  }

  #opened(): Promise<Map<string, MulticastDNS>> {
    if (this.#closed) return Promise.reject(new ConvoyError('closed', 'The rendezvous was closed.'))
    if (this.#sockets === undefined) {
      const opening = this.#openAll()
      this.#sockets = opening
      opening.catch(() => {
        if (this.#sockets === opening) this.#sockets = undefined
      })
    }
    return this.#sockets
  }

  async #openAll(): Promise<Map<string, MulticastDNS>> {
    // Only who looks around on a network loads it.
    const { default: multicastDns } = await import('multicast-dns')
    const sockets = new Map<string, MulticastDNS>()
    const causes: unknown[] = []
    for (const address of this.#options.interfaces ?? ownAddresses()) {
      try {
        sockets.set(address, await this.#openOne(multicastDns, address))
      } catch (cause) {
        causes.push(cause)
      }
    }
    if (sockets.size > 0) return sockets
    throw new ConvoyError(
      'rendezvous-unreachable',
      'This machine is on no network that takes multicast: check that it is connected, and that a firewall lets UDP port 5353 through.',
      { cause: new AggregateError(causes) },
    )
  }

  #openOne(multicastDns: typeof makeMulticastDns, address: string): Promise<MulticastDNS> {
    return new Promise((resolve, reject) => {
      const { port } = this.#options
      const socket = multicastDns({ port, interface: address, bind: '0.0.0.0' })
      socket.on('ready', () => resolve(socket))
      socket.on('error', (error: Error) => {
        socket.destroy()
        reject(error)
      })
      // Garbage that came, or a network that went away.
      socket.on('warning', () => this.#options.dropped.add('lan-malformed'))
      const take = (packet: Packet, { address: from }: { address: string }): void => {
        if (this.#closed) return
        if (!this.#budget.tryTake()) return this.#options.dropped.add('lan-flood')
        if (!isNeighbour(from)) return this.#options.dropped.add('lan-stranger')
        this.#options.packet(packet, from)
      }
      socket.on('query', take)
      socket.on('response', take)
    })
  }
}

async function closeAll(opening: Promise<Map<string, MulticastDNS>>): Promise<void> {
  const sockets = await opening.catch(() => new Map<string, MulticastDNS>())
  await Promise.all(
    [...sockets.values()].map((socket) => new Promise<void>((resolve) => socket.destroy(() => resolve()))),
  )
}
