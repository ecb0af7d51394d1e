import type { NetworkNamespace, NetworkNamespaces } from './namespaces.ts'

/**
 * What a home's router does, in the words of RFC 4787:
 * - `cone`: endpoint-independent mapping, address and port-dependent filtering, as most home routers;
 * - `open-cone`: the same, but lets everybody in: an exposed host, or a port opened by UPnP;
 * - `symmetric`: address and port-dependent mapping, as in offices and with some mobile carriers;
 * - `none`: no translation, only a firewall that lets answers in. The home is IPv6 only.
 */
export type RouterKind = 'cone' | 'open-cone' | 'symmetric' | 'none'

/** How a home is connected. */
export interface HomeOptions {
  readonly router: RouterKind
  /** Bytes of the largest IP packet that passes between router and internet (default 1,500). */
  readonly mtu?: number
  /** Host part of the first machine's address (default 10). All homes have the same private network, as real ones do. */
  readonly firstMachine?: number
  /** Whether no UDP gets out, as behind the firewalls of some offices. */
  readonly blocksUdp?: boolean
}

/** Where the signaling service and coturn are, from reserved address blocks (RFC 5737, RFC 3849). */
const serviceAddresses = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const
const turnAddress = '192.0.2.2'

/** A machine that every home reaches: the service runs there, and packets between homes cross it. */
export class Internet {
  readonly namespace: NetworkNamespace
  readonly #namespaces: NetworkNamespaces
  #homes = 0

  private constructor(namespaces: NetworkNamespaces, namespace: NetworkNamespace) {
    this.#namespaces = namespaces
    this.namespace = namespace
  }

  static async create(namespaces: NetworkNamespaces): Promise<Internet> {
    const namespace = await namespaces.add()
    await namespace.ip(
      `address add ${serviceAddresses.ipv4}/32 dev lo`,
      `address add ${serviceAddresses.ipv6}/128 dev lo nodad`,
      `address add ${turnAddress}/32 dev lo`,
      // What is for nobody vanishes somewhere, as everywhere: coturn takes a relay down that has no route at all to a peer.
      'link add nowhere type veth peer name end',
      'link set nowhere arp off up',
      'link set end arp off up',
      'route add default dev nowhere',
    )
    await namespace.forward()
    return new Internet(namespaces, namespace)
  }

  /** The address of coturn: another one, so that what goes to it can be told apart. */
  static readonly turnHost = turnAddress

  /** Host part of the service's URL, as a home of that kind reaches it. */
  static serviceHost(router: RouterKind): string {
    return router === 'none' ? `[${serviceAddresses.ipv6}]` : serviceAddresses.ipv4
  }

  /** Connects a home. */
  async addHome({ router, mtu = 1_500, firstMachine = 10, blocksUdp = false }: HomeOptions): Promise<Home> {
    const number = ++this.#homes
    const device = `home${number}`
    const namespace = await this.#namespaces.add()
    await this.namespace.connect(device, namespace, 'wan')
    await namespace.forward()
    // A bridge with the router's own address: the sockets at its back.
    await namespace.ip('link add lan type bridge', 'link set lan up')
    const plan = router === 'none' ? ipv6Plan(number) : ipv4Plan(number)
    await this.namespace.ip(
      `link set ${device} mtu ${mtu} up`,
      `address add ${plan.internetEnd} dev ${device}${plan.flags}`,
      // A UDP socket on every interface answers from the address that its route names, not from the one it was asked at.
      `route add ${plan.routeHome} dev ${device} src ${plan.serviceAddress}`,
    )
    await namespace.ip(
      `link set wan mtu ${mtu} up`,
      `address add ${plan.routerEnd} dev wan${plan.flags}`,
      `address add ${plan.lanRouter} dev lan${plan.flags}`,
      `route add default via ${withoutPrefix(plan.internetEnd)}`,
    )
    await namespace.nft(routerRules(router, plan.machine(firstMachine)))
    if (blocksUdp) await namespace.nft(noUdp)
    return new Home(this.#namespaces, namespace, plan, firstMachine)
  }
}

/** A router with the machines behind it. */
export class Home {
  readonly #namespaces: NetworkNamespaces
  readonly #router: NetworkNamespace
  readonly #plan: AddressPlan
  readonly #firstMachine: number
  #nextMachine: number

  constructor(
    namespaces: NetworkNamespaces,
    router: NetworkNamespace,
    plan: AddressPlan,
    firstMachine: number,
  ) {
    this.#namespaces = namespaces
    this.#router = router
    this.#plan = plan
    this.#firstMachine = this.#nextMachine = firstMachine
  }

  /** The address that the internet sees, where the router translates. */
  get address(): string {
    return withoutPrefix(this.#plan.routerEnd)
  }

  /** Puts another router in place of the one there was; what goes over it already goes on. */
  async replaceRouter(kind: RouterKind): Promise<void> {
    await this.#router.nft(`flush ruleset\n${routerRules(kind, this.#plan.machine(this.#firstMachine))}`)
  }

  /** Connects a machine; it gets the next address of the home. */
  async addMachine(): Promise<NetworkNamespace> {
    const number = this.#nextMachine++
    const port = `port${number}`
    const { lanRouter, machine, flags } = this.#plan
    const prefix = lanRouter.slice(lanRouter.indexOf('/'))
    const added = await this.#namespaces.add()
    await added.connect('eth0', this.#router, port)
    await this.#router.ip(`link set ${port} master lan up`)
    await added.ip(
      'link set eth0 up',
      `address add ${machine(number)}${prefix} dev eth0${flags}`,
      `route add default via ${withoutPrefix(lanRouter)}`,
    )
    return added
  }
}

interface AddressPlan {
  readonly internetEnd: string
  readonly routerEnd: string
  readonly lanRouter: string
  /** The addresses of the home that the internet sees, and how it reaches them. */
  readonly routeHome: string
  readonly serviceAddress: string
  /** Address of a machine, without prefix length. */
  machine(number: number): string
  /** What `ip address add` needs to be told. */
  readonly flags: string
}

/** The same private network in every home, and a public address for each. */
function ipv4Plan(home: number): AddressPlan {
  return {
    internetEnd: `203.0.113.${2 * home}/31`,
    routerEnd: `203.0.113.${2 * home + 1}/31`,
    lanRouter: '192.168.1.1/24',
    routeHome: `203.0.113.${2 * home + 1}/32`,
    serviceAddress: serviceAddresses.ipv4,
    machine: (number) => `192.168.1.${number}`,
    flags: '',
  }
}

/** A network of public addresses for each home. */
function ipv6Plan(home: number): AddressPlan {
  const wan = `2001:db8:ffff:${home}`
  const lan = `2001:db8:${home}:1`
  return {
    internetEnd: `${wan}::1/64`,
    routerEnd: `${wan}::2/64`,
    lanRouter: `${lan}::1/64`,
    routeHome: `${lan}::/64 via ${wan}::2`,
    serviceAddress: serviceAddresses.ipv6,
    machine: (number) => `${lan}::${number}`,
    // Usable at once: nobody else can have the address.
    flags: ' nodad',
  }
}

function routerRules(kind: RouterKind, exposed: string): string {
  const firewall = `
table inet firewall {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "wan" ct state new drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct status dnat accept
    iifname "wan" ct state new drop
  }
}
`
  if (kind === 'none') return firewall
  const exposure =
    kind === 'open-cone'
      ? `
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" udp dport 1024-65535 dnat to ${exposed}
  }`
      : ''
  return `${firewall}
table ip translation {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade${kind === 'symmetric' ? ' random,fully-random' : ''}
  }${exposure}
}
`
}

const noUdp = `
table inet office {
  chain forward {
    type filter hook forward priority filter - 1; policy accept;
    oifname "wan" meta l4proto udp drop
  }
}
`

function withoutPrefix(address: string): string {
  return address.slice(0, address.indexOf('/'))
}
