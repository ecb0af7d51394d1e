import { command } from './command.ts'
import type { NetworkNamespace } from './namespaces.ts'

/** What a machine sent to one address. */
export interface Sent {
  readonly address: string
  readonly protocol: 'udp' | 'tcp' | 'icmp' | 'other'
  readonly packets: number
}

/** Notes every packet that leaves a machine, whichever program sends it and wherever to: in the kernel, below all of them. */
export class Capture {
  readonly #machine: NetworkNamespace

  private constructor(machine: NetworkNamespace) {
    this.#machine = machine
  }

  static async start(machine: NetworkNamespace): Promise<Capture> {
    await machine.nft(`
table ip capture {
  set sent {
    type ipv4_addr . inet_proto
    flags dynamic
    counter
    size 4096
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname != "lo" update @sent { ip daddr . meta l4proto }
  }
}
`)
    return new Capture(machine)
  }

  async sent(): Promise<Sent[]> {
    const listed = await command(
      'ip',
      this.#machine.execution('nft', '-j', 'list', 'set', 'ip', 'capture', 'sent'),
    )
    const { nftables } = JSON.parse(listed) as { nftables: { set?: { elem?: SetElement[] } }[] }
    return nftables
      .flatMap(({ set }) => set?.elem ?? [])
      .map(({ elem: { val, counter } }) => {
        const [address, protocol] = val.concat
        return {
          address,
          protocol: protocol === 'udp' || protocol === 'tcp' || protocol === 'icmp' ? protocol : 'other',
          packets: counter.packets,
        }
      })
  }
}

interface SetElement {
  readonly elem: {
    readonly val: { readonly concat: readonly [address: string, protocol: string] }
    readonly counter: { readonly packets: number }
  }
}

/** What was sent between two looks. */
export function sentSince(before: readonly Sent[], after: readonly Sent[]): Sent[] {
  return after.flatMap((now) => {
    const then = before.find(({ address, protocol }) => address === now.address && protocol === now.protocol)
    const packets = now.packets - (then?.packets ?? 0)
    return packets > 0 ? [{ ...now, packets }] : []
  })
}
