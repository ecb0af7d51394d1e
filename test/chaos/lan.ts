import type { NetworkNamespace, NetworkNamespaces } from '../nat/namespaces.ts'

/** Of the network: reserved for private use, and no other one of this machine can be in the way. */
const prefix = '10.78.0'

/** Host part of the first member's address; the hub, where the service runs, is 1. */
const firstMachine = 10

/** Machines with a cable each to one hub, and what can happen to those cables. */
export class Lan {
  /** The hub itself is a machine as well: the signaling service runs there. */
  readonly hub: NetworkNamespace
  readonly hubAddress = `${prefix}.1`
  readonly machines: readonly NetworkNamespace[]
  #tables = 0

  private constructor(hub: NetworkNamespace, machines: readonly NetworkNamespace[]) {
    this.hub = hub
    this.machines = machines
  }

  static async create(namespaces: NetworkNamespaces, count: number): Promise<Lan> {
    const hub = await namespaces.add()
    await hub.ip('link add lan type bridge', 'link set lan up', `address add ${prefix}.1/24 dev lan`)
    const machines: NetworkNamespace[] = []
    for (let number = 0; number < count; number++) {
      const machine = await namespaces.add()
      await hub.connect(portOf(number), machine, 'eth0')
      await hub.ip(`link set ${portOf(number)} master lan up`)
      await machine.ip(
        'link set eth0 up',
        `address add ${addressOf(number)}/24 dev eth0`,
        `route add default via ${prefix}.1`,
      )
      machines.push(machine)
    }
    return new Lan(hub, machines)
  }

  /** Pulls a machine's cable. @returns what plugs it in again. */
  async cut(number: number): Promise<() => Promise<void>> {
    await this.hub.ip(`link set ${portOf(number)} down`)
    return () => this.hub.ip(`link set ${portOf(number)} up`)
  }

  /**
   * Has a machine's firewall drop all UDP, so that links fail and the service stays in reach.
   * @param direction - `in` for what arrives only: others hear it, and it hears nobody.
   * @returns what lifts it.
   */
  block(number: number, direction: 'both' | 'in'): Promise<() => Promise<void>> {
    const out = `chain out { type filter hook output priority filter; meta l4proto udp drop; }`
    return this.#filter(
      number,
      `chain in { type filter hook input priority filter; meta l4proto udp drop; }
       ${direction === 'both' ? out : ''}`,
    )
  }

  /** Lets nothing pass between `group` and all others; both reach the service. @returns what joins them again. */
  async split(group: readonly number[]): Promise<() => Promise<void>> {
    const others = this.machines.flatMap((_, number) => (group.includes(number) ? [] : [number]))
    const deafTo = (number: number, to: readonly number[]): Promise<() => Promise<void>> =>
      this.#filter(
        number,
        `chain in { type filter hook input priority filter; ip saddr { ${to.map(addressOf).join(', ')} } drop; }`,
      )
    const undo = await Promise.all([
      ...group.map((number) => deafTo(number, others)),
      ...others.map((number) => deafTo(number, group)),
    ])
    return async () => {
      await Promise.all(undo.map((each) => each()))
    }
  }

  async #filter(number: number, chains: string): Promise<() => Promise<void>> {
    const machine = this.machines[number]
    if (machine === undefined) throw new Error(`There is no machine ${number}.`)
    // Faults overlap, also those of a kind.
    const name = `chaos${++this.#tables}`
    await machine.nft(`table inet ${name} {\n${chains}\n}\n`)
    return () => machine.nft(`delete table inet ${name}\n`)
  }
}

function portOf(number: number): string {
  return `port${number}`
}

function addressOf(number: number): string {
  return `${prefix}.${firstMachine + number}`
}
