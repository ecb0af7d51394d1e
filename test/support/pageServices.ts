// What tests inside a page need outside of it: connections of Node's engines (see engineBridge.ts), a signaling service,
// and others to start and stop (see signalingControl.ts). Prints where they are, ends with its parent.
import { decode, encode } from '@msgpack/msgpack'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import { createConnector, loadEngine, type Connection, type Connector } from '../../lib/rtc/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import type { BridgeEvent, BridgeRequest } from './engineBridge.ts'
import type { SignalingAnswer, SignalingRequest } from './signalingControl.ts'

/** Where the services are. */
export interface PageServices {
  engines: string
  signaling: string
}

/** How often a page hears how much waits, while anything does. */
const bufferedEveryMs = 20

const connectors: Record<'datachannel' | 'werift', Connector> = {
  datachannel: createConnector(await loadEngine('datachannel')),
  werift: createConnector(await loadEngine('werift')),
}

const environment = { clock: createSystemClock(), random: systemRandom }

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket, request) => {
  if (request.url === '/signaling') serveSignaling(socket)
  else serveEngines(socket)
})
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const signaling = await startSignaling(environment)
const services: PageServices = { engines: `ws://127.0.0.1:${port}`, signaling: signaling.url }
process.stdout.write(`${JSON.stringify(services)}\n`)
process.stdin.resume().on('end', () => process.exit())

function serveEngines(socket: WebSocket): void {
  const connections = new Map<number, Connection>()
  const timer = setInterval(() => {
    for (const [id, connection] of connections) reportBuffered(socket, id, connection)
  }, bufferedEveryMs)
  socket.on('message', (data: Buffer) => {
    const request = decode(data) as BridgeRequest
    if (request.type === 'connect') {
      connections.set(request.id, connect(socket, request))
      return
    }
    const connection = connections.get(request.id)
    if (connection === undefined) return
    handle(connection, request)
    reportBuffered(socket, request.id, connection)
    if (request.type === 'close') connections.delete(request.id)
  })
  socket.on('close', () => {
    clearInterval(timer)
    for (const connection of connections.values()) connection.close()
  })
}

function connect(socket: WebSocket, request: BridgeRequest & { type: 'connect' }): Connection {
  const { id, initiator, attempt, iceServers } = request
  return connectors[request.engine].connect({
    initiator,
    attempt,
    iceServers,
    handlers: {
      signal: (signal) => tell(socket, { id, type: 'signal', signal }),
      open: () => tell(socket, { id, type: 'open' }),
      control: (bytes) => tell(socket, { id, type: 'control', bytes }),
      state: (bytes) => tell(socket, { id, type: 'state', bytes }),
      closed: (reason, cause) => tell(socket, { id, type: 'closed', reason, cause: String(cause) }),
      refused: (reason) => tell(socket, { id, type: 'refused', reason }),
    },
  })
}

function handle(connection: Connection, request: BridgeRequest): void {
  try {
    if (request.type === 'signal') connection.signal(request.signal)
    else if (request.type === 'control') connection.sendControl(request.bytes)
    else if (request.type === 'state') connection.sendState(request.bytes)
    else if (request.type === 'close') connection.close()
  } catch {
    // Closed meanwhile; the page hears of that by an event.
  }
}

const told = new WeakMap<Connection, string>()

function reportBuffered(socket: WebSocket, id: number, connection: Connection): void {
  const { controlBufferedAmount: control, stateBufferedAmount: state } = connection
  const summary = `${control} ${state}`
  if (told.get(connection) === summary) return
  told.set(connection, summary)
  tell(socket, { id, type: 'buffered', control, state })
}

function tell(socket: WebSocket, event: BridgeEvent): void {
  if (socket.readyState === socket.OPEN) socket.send(encode(event, { ignoreUndefined: true }))
}

function serveSignaling(socket: WebSocket): void {
  let service: SignalingService | undefined
  let last: SignalingAnswer = { url: '', port: 0, clients: 0 }
  const answer = async (request: SignalingRequest): Promise<void> => {
    if (request.type === 'start') service = await startSignaling({ ...environment, port: request.port })
    if (request.type === 'stop') await service?.close()
    if (service !== undefined) {
      last = { url: service.url, port: service.port, clients: service.stats().clients }
    }
    socket.send(JSON.stringify(last))
  }
  let queue = Promise.resolve()
  socket.on('message', (data: Buffer) => {
    const request = JSON.parse(data.toString()) as SignalingRequest
    queue = queue.then(() => answer(request))
  })
  socket.on('close', () => void service?.close())
}
