import { hostConvoy, joinConvoy, type Convoy, type HostOptions, type JoinOptions } from '../../lib/index.ts'
import { seededRandom } from '../../lib/core/index.ts'
import type { Identity } from '../../lib/identity/index.ts'
import { createMemoryRendezvousHub, type MemoryRendezvousHub } from '../../lib/rendezvous/index.ts'
import {
  SimulatedClock,
  SimulatedNetwork,
  simulatedIdentity,
  simulatedSigner,
  simulatedVerify,
  type NetworkConditions,
  type SimulatedPeer,
} from '../../lib/testing/index.ts'

/** Whole convoys on a simulated clock, network and rendezvous: what a seed makes of them never changes. */
export class SimulatedWorld {
  readonly clock = new SimulatedClock()
  readonly network: SimulatedNetwork
  readonly hub: MemoryRendezvousHub
  readonly #identities = new Map<string, Identity>()
  readonly #convoys: { convoy: Convoy; process: SimulatedPeer }[] = []
  readonly #seed: number

  constructor(conditions: Partial<NetworkConditions> & { seed?: number } = {}) {
    const { seed = 1, ...rest } = conditions
    this.#seed = seed
    this.network = new SimulatedNetwork({ clock: this.clock, seed, delayMs: 20, ...rest })
    this.hub = createMemoryRendezvousHub({
      clock: this.clock,
      random: seededRandom(seed),
      latencyMs: 10,
      verify: simulatedVerify,
      signer: simulatedSigner,
    })
  }

  /** Who `name` is: the same keys however often it joins. */
  identity(name: string): Identity {
    const known = this.#identities.get(name)
    if (known !== undefined) return known
    let label = this.#seed
    for (const character of name) label = label * 31 + character.charCodeAt(0)
    const identity = simulatedIdentity(seededRandom(label))
    this.#identities.set(name, identity)
    return identity
  }

  /** What a peer of this world is made with. */
  parts(name: string) {
    const { connector, clock, random } = this.network.peer(name)
    return { name, connector, clock, random, identity: this.identity(name), verify: simulatedVerify }
  }

  async host(name: string, options: Partial<HostOptions> = {}): Promise<Convoy> {
    const convoy = await this.clock.complete(
      hostConvoy({
        ...this.parts(name),
        rendezvous: this.hub.rendezvous(),
        passwordIterations: 1,
        ...options,
      }),
    )
    this.#convoys.push({ convoy, process: this.network.peer(name) })
    return convoy
  }

  async join(name: string, invite: string, options: Partial<JoinOptions> = {}): Promise<Convoy> {
    const convoy = await this.clock.complete(
      joinConvoy(invite, { ...this.parts(name), rendezvous: this.hub.rendezvous(), ...options }),
    )
    this.#convoys.push({ convoy, process: this.network.peer(name) })
    return convoy
  }

  /** A host and members, all connected with each other. */
  async convoy(host: string, ...members: string[]): Promise<Convoy[]> {
    const first = await this.host(host, { rules: { maxPlayers: 32 } })
    const all = [first]
    for (const name of members) all.push(await this.join(name, first.invite))
    await this.clock.runUntil(() => all.every((convoy) => isFullyConnected(convoy, all.length)))
    return all
  }

  /** Closes everything; nothing must be left then. */
  async close(): Promise<void> {
    const closing = this.#convoys.flatMap(({ convoy, process }) => {
      const closed = convoy.close()
      // A process that was killed finishes nothing any more.
      return process.killed ? [] : [closed]
    })
    await this.clock.complete(Promise.all(closing))
    await this.clock.complete(this.hub.close())
    await this.clock.run(5_000)
  }
}

/** Whether `convoy` sees `count` members and is connected with all of them. */
export function isFullyConnected(convoy: Convoy, count: number): boolean {
  const others = convoy.members.filter((member) => member.presence !== 'self')
  return others.length === count - 1 && others.every((member) => member.presence === 'connected')
}

/** Collects the events of one name. */
export function recordOf<Name extends Parameters<Convoy['on']>[0]>(
  convoy: Convoy,
  name: Name,
): Parameters<Parameters<typeof convoy.on<Name>>[1]>[0][] {
  const events: Parameters<Parameters<typeof convoy.on<Name>>[1]>[0][] = []
  convoy.on(name, (event) => events.push(event))
  return events
}
