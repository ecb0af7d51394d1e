import { ConvoyError, equalBytes } from '../core/index.ts'
import type { GrantRequest, Witness, WitnessRegistration } from './rendezvous.ts'
import type { ServiceConnection } from './serviceConnection.ts'

/** A witness at a rendezvous service, as its clients see it: the one process whose key and boot id the service told. */
export class RemoteWitness implements Witness {
  readonly key: Uint8Array
  readonly boot: Uint8Array
  readonly #connected: (signal: AbortSignal | undefined) => Promise<ServiceConnection>

  /** @param connected - gives the connection in use, or a new one. */
  constructor(
    { key, boot }: { key: Uint8Array; boot: Uint8Array },
    connected: (signal: AbortSignal | undefined) => Promise<ServiceConnection>,
  ) {
    // Copies: they are views into a frame, which they would keep alive.
    this.key = key.slice()
    this.boot = boot.slice()
    this.#connected = connected
  }

  async register(
    { sessionId, config, secretHashes }: WitnessRegistration,
    signal?: AbortSignal,
  ): Promise<void> {
    const connection = await this.#connection(signal)
    const request = { type: 'witness' as const, session: sessionId, config, secretHashes: [...secretHashes] }
    await connection.request(request, { signal })
  }

  async grant({ config, secret, vote }: GrantRequest, signal?: AbortSignal): Promise<Uint8Array> {
    const connection = await this.#connection(signal)
    const request = { type: 'grant' as const, config, secret, vote }
    return (await connection.request(request, { signal })).vote.slice()
  }

  async #connection(signal: AbortSignal | undefined): Promise<ServiceConnection> {
    const connection = await this.#connected(signal)
    const { witness } = await connection.ready
    // No secret is shown to another process: it could grant nothing that counts.
    if (witness === null || !equalBytes(witness.key, this.key) || !equalBytes(witness.boot, this.boot)) {
      throw new ConvoyError(
        'session-not-found',
        'The witness restarted and knows nothing of this session any more; the host has to name a new one.',
      )
    }
    return connection
  }
}
