import { tweetnaclSigner, type Verify } from '../identity/index.ts'
import {
  cutCodes,
  RendezvousClient,
  Switchboard,
  unlimitedSwitchboard,
  type Rendezvous,
  type RendezvousTimings,
  type SwitchboardLimits,
  type SwitchboardStats,
} from '../rendezvous/index.ts'
import type { SimulatedNetwork } from './simulatedNetwork.ts'
import type { SimulatedPeer } from './simulatedPeer.ts'
import { simulatedSigner, simulatedVerify } from './simulatedIdentity.ts'
import { SimulatedStream, type StreamEnd, type StreamHandlers } from './simulatedStream.ts'

/** What a {@link SimulatedRendezvous} is made with. */
export interface SimulatedRendezvousOptions {
  network: SimulatedNetwork
  /** Names the service's process on the network (default `signaling`), for cutting it off or killing it. */
  name?: string
  /** Limits of the service; none on rates and counts where left out. */
  limits?: Partial<SwitchboardLimits>
  timings?: Partial<RendezvousTimings>
  /** Checks the signatures of announcements (default {@link simulatedVerify}). */
  verify?: Verify
}

/**
 * The rendezvous service as a process on a simulated network: the real protocol and the real service behind
 * it, over connections that the network delays, cuts and breaks.
 * @example
 * ```ts
 * const signaling = new SimulatedRendezvous({ network })
 * const rendezvous = signaling.rendezvous('alice')
 * signaling.goDown() // the service dies; drivers drive on
 * ```
 */
export class SimulatedRendezvous {
  readonly #options: SimulatedRendezvousOptions
  readonly #name: string
  readonly #clients = new Set<RendezvousClient>()
  #process: SimulatedPeer
  #service: Switchboard | undefined
  #streams = 0

  constructor(options: SimulatedRendezvousOptions) {
    this.#options = options
    this.#name = options.name ?? 'signaling'
    this.#process = options.network.peer(this.#name)
    this.#start()
  }

  /** A rendezvous for the process `peerName`, as it is now: after it was killed, the new one needs its own. */
  rendezvous(peerName: string): Rendezvous {
    const { network, timings } = this.#options
    const peer = network.peer(peerName)
    const client = new RendezvousClient({
      hint: `simulated:${this.#name}`,
      host: this.#name,
      clock: peer.clock,
      random: peer.random,
      ...(timings === undefined ? {} : { timings }),
      dial: (handlers) => {
        const { near } = new SimulatedStream(
          network,
          ++this.#streams,
          { peer, handlers },
          { peer: this.#process, accept: (end) => this.#accept(peerName, end) },
        )
        return { send: (bytes) => near.send(bytes), close: () => near.end(1000) }
      },
    })
    this.#clients.add(client)
    peer.onKilled(() => this.#clients.delete(client))
    return client
  }

  /** The service dies: connections break, nothing is remembered, nobody can connect. Idempotent. */
  goDown(): void {
    this.#process.kill()
    this.#service = undefined
  }

  /** A new service starts in place of the one that died. Idempotent. */
  comeBack(): void {
    if (this.#service !== undefined) return
    this.#process = this.#options.network.peer(this.#name)
    this.#start()
  }

  /** How the service does; undefined while it is down. */
  stats(): SwitchboardStats | undefined {
    return this.#service?.stats()
  }

  /** Ends every rendezvous made here, then the service. Idempotent. */
  async close(): Promise<void> {
    const clients = [...this.#clients]
    this.#clients.clear()
    await Promise.all(clients.map((client) => client.close()))
    this.#service?.close()
    this.#service = undefined
  }

  #start(): void {
    const { clock, random } = this.#process
    const { limits, verify = simulatedVerify } = this.#options
    const service = new Switchboard({
      clock,
      random,
      limits: { ...unlimitedSwitchboard, ...limits },
      verify,
      signer: verify === simulatedVerify ? simulatedSigner : tweetnaclSigner,
    })
    this.#service = service
    this.#process.onKilled(() => {
      if (this.#service === service) this.#service = undefined
    })
  }

  #accept(address: string, end: StreamEnd): StreamHandlers | undefined {
    const socket = this.#service?.accept({
      address,
      stun: null,
      send: (bytes) => end.send(bytes),
      cut: (reason) => end.end(cutCodes[reason]),
    })
    if (socket === undefined) return undefined
    return { open: () => {}, message: (bytes) => socket.receive(bytes), closed: () => socket.gone() }
  }
}
