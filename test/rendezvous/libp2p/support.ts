import { isConvoyError, systemRandom } from '../../../lib/core/index.ts'
import { createIdentity } from '../../../lib/identity/index.ts'
import {
  libp2pRendezvous,
  startLibp2pRelay,
  type Libp2pRelay,
  type Libp2pRelayOptions,
  type Libp2pRendezvous,
  type Libp2pRendezvousOptions,
} from '../../../lib/rendezvous/libp2p/index.ts'
import { clock } from '../../signaling/support.ts'

export const environment = { clock, random: systemRandom }

/** Short waits, so that coming back and listening take no seconds here. */
export const timings = { backOffMs: [50], lobbyWaitMs: 100, lobbyAnswerMs: 0 }

/**
 * A relay on a port that can be taken again after a while: outside of the range from which systems give
 * free ones to others.
 */
export async function startReopenableRelay(options: Libp2pRelayOptions = {}): Promise<Libp2pRelay> {
  for (;;) {
    const port = 15_000 + Math.floor(15_000 * systemRandom.next())
    try {
      return await startLibp2pRelay({ ...environment, listen: [`/ip4/127.0.0.1/tcp/${port}/ws`], ...options })
    } catch (error) {
      if (!isConvoyError(error, 'port-in-use')) throw error
    }
  }
}

/** Relays and peers of one test file, closed after each test. */
export class PeerBench {
  readonly #open: { close(): Promise<void> }[] = []

  async relay(options: Libp2pRelayOptions = {}): Promise<Libp2pRelay> {
    return this.keep(await startLibp2pRelay({ ...environment, timings, ...options }))
  }

  peer(options: Partial<Libp2pRendezvousOptions> = {}): Libp2pRendezvous {
    return this.keep(libp2pRendezvous({ ...environment, identity: createIdentity(), timings, ...options }))
  }

  keep<T extends { close(): Promise<void> }>(opened: T): T {
    this.#open.push(opened)
    return opened
  }

  async close(): Promise<void> {
    // The last first: peers leave before their relays.
    for (const opened of this.#open.splice(0).reverse()) await opened.close()
  }
}
