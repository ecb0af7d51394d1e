import { ConvoyError, type Clock, type Logger, type RandomSource } from '../../../lib/core/index.ts'
import type { Verify } from '../../../lib/identity/index.ts'
import type { Switchboard } from '../../../lib/rendezvous/index.ts'
import { Acquaintances } from '../acquaintances.ts'
import { defaultMeshLimits } from '../constants.ts'
import { Mesh, type MeshStats } from '../mesh.ts'
import type { MeshOptions, RunningMesh } from '../options.ts'
import { idOf, parsedAddress, reach, reachOf, type Reach } from './addresses.ts'
import { ConnectionCounts } from './connectionCounts.ts'
import { defaultLibp2pLimits } from './constants.ts'
import { Greetings } from './greetings.ts'
import { Libp2pNetwork } from './network.ts'
import { startNode, type ServiceNode } from './node.ts'
import { servePeers } from './peers.ts'

/** What {@link startMesh} needs of the service. */
export interface MeshEnvironment {
  clock: Clock
  random: RandomSource
  logger: Logger
  switchboard: Switchboard
  verify?: Verify
  /** Connections from one address, as with WebSockets. */
  connectionsPerAddress: number
}

const seedBytes = 32

/**
 * Joins a service to a mesh over libp2p.
 * @throws ConvoyError `invalid-argument`, `port-in-use`.
 */
export async function startMesh(options: MeshOptions, environment: MeshEnvironment): Promise<RunningMesh> {
  const { clock, random, logger, switchboard, verify } = environment
  const limitLoopback = options.limitLoopback ?? false
  const limits = { ...defaultMeshLimits, ...defaultLibp2pLimits, ...options.limits }
  const listen = (options.listen ?? ['/ip4/127.0.0.1/tcp/0']).map((text) => parsedAddress(text, 'listening'))
  const announce = (options.announce ?? []).map((text) => parsedAddress(text, 'others to dial'))
  const named = (options.peers ?? []).map((text) => {
    const address = parsedAddress(text, 'another service')
    return { address: address.toString(), id: idOf(address) }
  })
  const seed = options.seed ?? random.bytes(seedBytes)
  if (seed.length !== seedBytes) {
    throw new ConvoyError('invalid-argument', `A seed has ${seedBytes} bytes, not ${seed.length}.`)
  }

  const mesh = new Mesh({
    clock,
    logger,
    switchboard,
    limits,
    namedOnly: options.namedOnly ?? false,
    hasPeers: named.length > 0,
    ...(verify && { verify }),
  })
  const denied = new Map<string, number>()
  const isDenied = (id: string): boolean => {
    const until = denied.get(id)
    if (until !== undefined && until <= clock.now()) denied.delete(id)
    return denied.has(id)
  }
  const connections = new ConnectionCounts(environment.connectionsPerAddress, limitLoopback)
  const node = await startNode({
    seed,
    listen,
    announce,
    limits,
    gater: {
      denyDialPeer: (peer) => isDenied(peer.toString()),
      // Which addresses are dialled is decided before.
      denyDialMultiaddr: () => false,
      denyInboundConnection: ({ remoteAddr }) => {
        const isFull = connections.isFull(remoteAddr)
        if (isFull) mesh.countRefused('libp2p-too-many-connections')
        return isFull
      },
      denyInboundEncryptedConnection: (peer) => isDenied(peer.toString()),
      denyInboundRelayReservation: () => {
        // Refused by libp2p a moment later, with the status that says why.
        if (node.services.relay.reservations.size >= limits.reservations) mesh.countRefused('relay-full')
        return false
      },
    },
  })
  node.addEventListener('connection:open', ({ detail }) => connections.opened(detail.remoteAddr))
  node.addEventListener('connection:close', ({ detail }) => connections.closed(detail.remoteAddr))
  const ownId = node.peerId.toString()

  const network: Libp2pNetwork = new Libp2pNetwork({
    node,
    clock,
    limitLoopback,
    bufferedBytes: limits.bufferedBytes,
    routes: limits.routesPerService,
    isNamed: (id) => acquaintances.isNamed(id),
    malformed: (id) => mesh.malformed(id),
    deny: (id, durationMs) => denied.set(id, clock.now() + durationMs),
  })
  mesh.start(network)
  const acquaintances: Acquaintances = new Acquaintances({
    clock,
    random,
    network,
    ownId,
    named,
    unreachable: () => logger.info('A service named in "peers" can not be reached; trying again.'),
  })
  const stop = async (): Promise<void> => {
    acquaintances.close()
    mesh.close()
    await node.stop()
  }
  const counters = { add: (name: string) => mesh.countRefused(name) }
  try {
    await network.start(mesh)
    await servePeers({
      node,
      clock,
      counters,
      switchboard,
      limitLoopback,
      bufferedBytes: limits.bufferedBytes,
    })
  } catch (error) {
    await stop()
    throw error
  }
  const greetings = new Greetings({
    pubsub: node.services.pubsub,
    clock,
    counters,
    ownId,
    ownAddresses: () => ownAddresses(node),
    isDialable: (address, id) => isWithin(reachOf(address, id), ownAddresses(node)),
    acquaintances,
  })

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    greetings.close()
    await stop()
  }
  return {
    id: ownId,
    addresses: () => ownAddresses(node),
    stats: () => statsOf(node, mesh.stats(), acquaintances),
    close: () => (closing ??= close()),
  }
}

function statsOf(node: ServiceNode, mesh: MeshStats, acquaintances: Acquaintances) {
  const { reservations } = node.services.relay
  return {
    ...mesh,
    known: acquaintances.size,
    connections: node.getConnections().length,
    reservations: reservations.size,
  }
}

function ownAddresses(node: ServiceNode): string[] {
  return node.getMultiaddrs().map((address) => address.toString())
}

/**
 * Whether an address that a stranger gave may be dialled: one that everybody can reach, or one of the kind that this service has itself, so
 * that nobody has it knock at what only its own network reaches.
 */
function isWithin(its: Reach | undefined, own: readonly string[]): boolean {
  if (its === undefined || its === 'everywhere') return its !== undefined
  return own.some((text) => reach(parsedAddress(text, 'listening')) === its)
}
