// What tests inside a page need outside of it: a signaling service, and by the path of a WebSocket connections of Node's
// engines (see engineBridge.ts), further signaling services (signalingControl.ts), relays of libp2p (relayControl.ts) and bad networks
// (impairmentControl.ts), which end with their socket. Prints where they are, ends with its parent.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { WebSocketServer, type WebSocket } from 'ws'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import { createImpairment, type SignalRelay } from '../../lib/testing/udpRelay.ts'
import { createIdentity } from '../../lib/identity/index.ts'
import { startLibp2pRelay, type Libp2pRelay } from '../../lib/rendezvous/libp2p/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { startReopenableRelay } from '../rendezvous/libp2p/support.ts'
import { serveEngines } from './engineService.ts'
import type { ImpairmentAnswer, ImpairmentRequest } from './impairmentControl.ts'
import type { RelayAnswer, RelayRequest } from './relayControl.ts'
import type { SignalingAnswer, SignalingRequest } from './signalingControl.ts'

/** Where the services are. */
export interface PageServices {
  /** Address of the WebSockets. */
  services: string
  /** Address of a signaling service that is always there. */
  signaling: string
}

const environment = { clock: createSystemClock(), random: systemRandom }

const serve: Record<string, (socket: WebSocket) => void> = {
  '/engines': serveEngines,
  '/signaling': serveSignaling,
  '/relay': serveRelay,
  '/impairment': serveImpairment,
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket, request) => serve[request.url ?? '']?.(socket))
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const { url } = await startSignaling(environment)
const addresses: PageServices = { services: `ws://127.0.0.1:${port}`, signaling: url }
process.stdout.write(`${JSON.stringify(addresses)}\n`)
process.stdin.resume().on('end', () => process.exit())

function serveSignaling(socket: WebSocket): void {
  let service: SignalingService | undefined
  answerInOrder(socket, async (request: SignalingRequest): Promise<SignalingAnswer> => {
    if (request.type === 'start') service = await startSignaling({ ...environment, port: request.port })
    if (request.type === 'stop') await service?.close()
    return { url: service?.url ?? '', port: service?.port ?? 0, clients: service?.stats().clients ?? 0 }
  })
  socket.on('close', () => void service?.close())
}

function serveRelay(socket: WebSocket): void {
  const identity = createIdentity()
  let relay: Libp2pRelay | undefined
  let listen: string[] | undefined
  answerInOrder(socket, async (request: RelayRequest): Promise<RelayAnswer> => {
    if (request.type === 'start') {
      relay =
        listen === undefined
          ? await startReopenableRelay({ identity })
          : await startLibp2pRelay({ ...environment, identity, listen })
      listen = relay.addresses.map((address) => address.replace(/\/p2p\/.*/, ''))
    }
    if (request.type === 'stop') await relay?.close()
    return { addresses: relay?.addresses ?? [], clients: relay?.stats().clients ?? 0 }
  })
  socket.on('close', () => void relay?.close())
}

function serveImpairment(socket: WebSocket): void {
  const impairment = createImpairment(environment)
  const relays = new Map<number, SignalRelay>()
  const relay = (id: number): SignalRelay => {
    const known = relays.get(id) ?? impairment.relay()
    relays.set(id, known)
    return known
  }
  answerInOrder(socket, async (request: ImpairmentRequest): Promise<ImpairmentAnswer> => {
    if (request.type === 'set') impairment.set(request.conditions)
    else if (request.type === 'rewrite') {
      return { signal: await relay(request.relay).rewrite(withOwnAddress(request.signal)) }
    } else if (request.type === 'close') relay(request.relay).close()
    else await impairment[request.type]()
    return {}
  })
  socket.on('close', () => {
    for (const opened of relays.values()) opened.close()
  })
}

// The relay has to reach the browser, whose candidates hide its address behind a name: as it runs on this machine, the
// address is one of ours.
function withOwnAddress(signal: Signal): Signal {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const address = own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
  const plain = (text: string): string => text.replace(/ [0-9a-f-]{36}\.local /g, ` ${address} `)
  return signal.type === 'candidate'
    ? { ...signal, candidate: plain(signal.candidate) }
    : { ...signal, sdp: plain(signal.sdp) }
}

// In the order asked, which is how the page tells answers apart.
function answerInOrder(socket: WebSocket, answer: (request: never) => Promise<unknown>): void {
  let last = Promise.resolve()
  socket.on('message', (data: Buffer) => {
    last = last.then(async () => {
      const answered = await answer(JSON.parse(data.toString()) as never)
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(answered))
    })
  })
}
