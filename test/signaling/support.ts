import { createSystemClock, isConvoyError, sleep, systemRandom, type Logger } from '../../lib/core/index.ts'
import { startSignaling, type SignalingOptions, type SignalingService } from '../../signaling/index.ts'
import { RawClient } from './rawClient.ts'

export const clock = createSystemClock()

/** Services and clients of one test file, closed after each test. */
export class Bench {
  readonly #services: SignalingService[] = []
  readonly #clients: RawClient[] = []
  /** Everything that was logged, as text. */
  readonly log: string[] = []

  async service(options: Partial<SignalingOptions> = {}): Promise<SignalingService> {
    const service = await startSignaling({ clock, random: systemRandom, logger: this.#logger(), ...options })
    this.#services.push(service)
    return service
  }

  async client(service: SignalingService, headers: Record<string, string> = {}): Promise<RawClient> {
    const client = await RawClient.greeted(service.url, { headers })
    this.#clients.push(client)
    return client
  }

  async connected(service: SignalingService, headers: Record<string, string> = {}): Promise<RawClient> {
    const client = await RawClient.connect(service.url, { headers })
    this.#clients.push(client)
    return client
  }

  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.socket.terminate()
    await Promise.all(this.#services.splice(0).map((service) => service.close()))
  }

  #logger(): Logger {
    const write = (message: string, fields?: unknown): void => {
      this.log.push(`${message} ${JSON.stringify(fields ?? {})}`)
    }
    return { debug: write, info: write, warn: write, error: write }
  }
}

/**
 * A service on a port that can be taken again after a while: outside of the range from which systems give
 * free ones to others.
 */
export async function startReopenable(options: Partial<SignalingOptions> = {}): Promise<SignalingService> {
  for (;;) {
    const port = 15_000 + Math.floor(15_000 * systemRandom.next())
    try {
      return await startSignaling({ clock, random: systemRandom, port, ...options })
    } catch (error) {
      if (!isConvoyError(error, 'port-in-use')) throw error
    }
  }
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(clock, 5)
}
