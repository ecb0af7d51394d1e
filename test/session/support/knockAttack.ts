import { openEnvelope, type Identity } from '../../../lib/identity/index.ts'
import { limits } from '../../../lib/protocol/index.ts'
import type { Rendezvous, Route } from '../../../lib/rendezvous/index.ts'
import { decodeKnockMessage } from '../../../lib/session/knockMessages.ts'
import { simulatedVerify } from '../../../lib/testing/index.ts'
import type { SimulatedWorld } from '../../support/simulatedWorld.ts'

interface Parties {
  readonly sessionId: Uint8Array
  readonly host: Identity
  readonly mallory: Identity
}

/** A route to the host, and what the host answers on it. */
export class Attack {
  readonly answers: Record<string, unknown>[] = []
  readonly route: Route
  closed = false
  readonly #arrived: Uint8Array[] = []
  readonly #world: SimulatedWorld
  readonly #parties: Parties

  private constructor(route: Route, world: SimulatedWorld, parties: Parties) {
    this.route = route
    this.#world = world
    this.#parties = parties
    route.on('message', (sealed) => this.#arrived.push(sealed))
    route.on('closed', () => (this.closed = true))
  }

  static async begin(world: SimulatedWorld, rendezvous: Rendezvous, parties: Parties): Promise<Attack> {
    const { route } = await world.clock.complete(rendezvous.reach(parties.sessionId))
    return new Attack(route, world, parties)
  }

  send(sealed: Uint8Array): void {
    if (!this.closed) this.route.send(sealed)
  }

  /** Lets the host act, and opens what it answered. */
  async settle(ms = 200): Promise<void> {
    const { mallory, host } = this.#parties
    await this.#world.clock.run(ms)
    for (const sealed of this.#arrived.splice(0)) {
      const envelope = mallory.unseal(sealed)
      if (envelope === undefined) continue
      const { body } = await openEnvelope(envelope, {
        purpose: 'knock',
        audience: mallory.signKey,
        signer: host.signKey,
        clock: this.#world.clock,
        verify: simulatedVerify,
        maxBytes: limits.rendezvousMessageBytes,
      })
      this.answers.push(decodeKnockMessage(body) as unknown as Record<string, unknown>)
    }
  }
}
