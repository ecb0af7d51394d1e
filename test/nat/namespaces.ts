import { spawnSync } from 'node:child_process'
import { command } from './command.ts'

/** The network namespaces of one run: named after its process, so that runs beside each other don't collide. */
export class NetworkNamespaces {
  readonly #made: string[] = []
  #count = 0

  /** Makes a namespace with nothing but a loopback device that is up. */
  async add(): Promise<NetworkNamespace> {
    const name = `openconvoy-nat-${process.pid}-${++this.#count}`
    // Noted first: a run that is interrupted meanwhile must remove it as well.
    this.#made.push(name)
    await command('ip', ['netns', 'add', name])
    const namespace = new NetworkNamespace(name)
    await namespace.ip('link set lo up')
    return namespace
  }

  /** Removes all of them, and with each the devices in it. Waits for nothing, so that it can be the last thing done. */
  removeAll(): void {
    for (const name of this.#made.splice(0)) spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
  }
}

/** One network namespace: a machine, as far as the network goes. */
export class NetworkNamespace {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  /** Runs commands of `ip` in it. */
  async ip(...lines: readonly string[]): Promise<void> {
    await command('ip', ['-netns', this.name, '-batch', '-'], `${lines.join('\n')}\n`)
  }

  /** Connects it by a cable from its device `device` to `otherDevice` of another one. */
  async connect(device: string, other: NetworkNamespace, otherDevice: string): Promise<void> {
    await this.ip(`link add ${device} type veth peer name ${otherDevice} netns ${other.name}`)
  }

  /** Lets it pass on packets that are for others. */
  async forward(): Promise<void> {
    const settings = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
    await command('ip', this.execution('sysctl', '-q', '-w', ...settings))
  }

  /** Adds to its packet filter. */
  async nft(rules: string): Promise<void> {
    await command('ip', this.execution('nft', '-f', '-'), rules)
  }

  /** Arguments of `ip` that run a program in it, in place of `ip`. */
  execution(program: string, ...args: readonly string[]): string[] {
    return ['netns', 'exec', this.name, program, ...args]
  }
}
