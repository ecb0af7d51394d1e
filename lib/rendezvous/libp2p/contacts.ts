import type { PeerId } from '@libp2p/interface'
import { silentLogger } from '../../core/index.ts'
import { RendezvousClient } from '../client.ts'
import type { DialFrameSocket } from '../frameSocket.ts'
import { isPeerAddress, peerAddress, relayOf } from './addresses.ts'
import type { AskedPeer } from './asking.ts'
import { followedAddresses, type Libp2pTimings } from './constants.ts'
import { dialDesk } from './dialling.ts'
import { isPeerOf, peerIdOf } from './keys.ts'
import type { ConvoyNode } from './node.ts'
import type { Libp2pRendezvousOptions } from './options.ts'
import type { Place } from './spreadSession.ts'

/** The other peers that this one knows of, and its connections to their desks. */
export class Contacts {
  readonly #options: Libp2pRendezvousOptions
  readonly #timings: Libp2pTimings
  readonly #ownId: string
  readonly #node: () => Promise<ConvoyNode>
  readonly #clients = new Map<string, RendezvousClient>()
  readonly #followed = new Set<string>()

  constructor(
    options: Libp2pRendezvousOptions,
    timings: Libp2pTimings,
    ownId: string,
    node: () => Promise<ConvoyNode>,
  ) {
    this.#options = options
    this.#timings = timings
    this.#ownId = ownId
    this.#node = node
  }

  /** See {@link Libp2pRendezvous.follow}. */
  follow(hint: string): boolean {
    if (!isPeerAddress(hint)) return false
    const isFull = this.#followed.size >= followedAddresses
    if (!isFull && !hint.endsWith(`/p2p/${this.#ownId}`)) this.#followed.add(hint)
    return true
  }

  /** Relays that were named, and those that lead to peers of an invite. */
  relays(): string[] {
    const behind = [...this.#followed].flatMap((hint) => relayOf(hint) ?? [])
    return [...new Set([...(this.#options.relays ?? []), ...behind])]
  }

  /** Where sessions are asked for. */
  addresses(): string[] {
    return [...new Set([...this.#followed, ...this.relays()])]
  }

  /** Whose desks sessions are announced at: also at a former host's, so that those who ask there find the later one. */
  places(): Place[] {
    return this.addresses().map((address) => ({ address, client: this.#clientOf(address) }))
  }

  /** Those to ask for a session. */
  known(sessionId: Uint8Array): AskedPeer[] {
    return this.addresses().map((address) => {
      const client = this.#clientOf(address)
      return {
        reach: (signal) => client.reach(sessionId, signal),
        is: (signKey) => address.endsWith(`/p2p/${peerIdOf(signKey).toString()}`),
      }
    })
  }

  /** One that a search found, whose address libp2p knows by now. */
  found(peer: PeerId, sessionId: Uint8Array): AskedPeer {
    const key = `/p2p/${peer.toString()}`
    const client = this.#clients.get(key) ?? this.client(key, dialDesk(this.#node, peer, this.#options.clock))
    this.#clients.set(key, client)
    return {
      reach: (signal) => client.reach(sessionId, signal),
      is: (signKey) => isPeerOf(peer, signKey),
    }
  }

  /** A client of a desk, which whoever makes it closes. */
  client(hint: string, dial: DialFrameSocket): RendezvousClient {
    const { clock, random, logger = silentLogger } = this.#options
    const { connectMs, backOffMs } = this.#timings
    return new RendezvousClient({
      hint,
      host: '',
      dial,
      clock,
      random,
      logger,
      timings: { connectMs, backOffMs },
    })
  }

  reconnect(): void {
    for (const client of this.#clients.values()) client.reconnect()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }

  #clientOf(address: string): RendezvousClient {
    let client = this.#clients.get(address)
    if (client === undefined) {
      client = this.client(address, dialDesk(this.#node, peerAddress(address), this.#options.clock))
      this.#clients.set(address, client)
    }
    return client
  }
}
