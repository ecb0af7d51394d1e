// Connections of Node's engines for a page: see engineBridge.ts.
import { decode, encode } from '@msgpack/msgpack'
import type { WebSocket } from 'ws'
import { createConnector, loadEngine, type Connection, type Connector } from '../../lib/rtc/index.ts'
import type { BridgeEvent, BridgeRequest } from './engineBridge.ts'

/** How often a page hears how much waits, while that changes. */
const bufferedEveryMs = 20

const connectors: Record<'datachannel' | 'werift', Connector> = {
  datachannel: createConnector(await loadEngine('datachannel')),
  werift: createConnector(await loadEngine('werift')),
}

/** Serves one page until it leaves. */
export function serveEngines(socket: WebSocket): void {
  const connections = new Map<number, ServedConnection>()
  const timer = setInterval(() => {
    for (const connection of connections.values()) connection.reportBuffered()
  }, bufferedEveryMs)
  socket.on('message', (data: Buffer) => {
    const request = decode(data) as BridgeRequest
    if (request.type === 'connect') connections.set(request.id, new ServedConnection(socket, request))
    else connections.get(request.id)?.handle(request)
    if (request.type === 'close') connections.delete(request.id)
  })
  socket.on('close', () => {
    clearInterval(timer)
    for (const connection of connections.values()) connection.close()
  })
}

class ServedConnection {
  readonly #socket: WebSocket
  readonly #id: number
  readonly #connection: Connection
  readonly #taken = { control: 0, state: 0 }
  #reported = ''

  constructor(socket: WebSocket, request: BridgeRequest & { type: 'connect' }) {
    this.#socket = socket
    this.#id = request.id
    const { id, initiator, attempt, iceServers } = request
    this.#connection = connectors[request.engine].connect({
      initiator,
      attempt,
      iceServers,
      handlers: {
        signal: (signal) => this.#tell({ id, type: 'signal', signal }),
        open: () => this.#tell({ id, type: 'open' }),
        control: (bytes) => this.#tell({ id, type: 'control', bytes }),
        state: (bytes) => this.#tell({ id, type: 'state', bytes }),
        closed: (reason, cause) => this.#tell({ id, type: 'closed', reason, cause: String(cause) }),
        refused: (reason) => this.#tell({ id, type: 'refused', reason }),
      },
    })
  }

  handle(request: BridgeRequest): void {
    try {
      if (request.type === 'signal') this.#connection.signal(request.signal)
      else if (request.type === 'close') this.#connection.close()
      else if (request.type === 'control' || request.type === 'state') this.#send(request.type, request.bytes)
    } catch {
      // Closed meanwhile; the page hears of that by an event.
    }
  }

  /** Tells the page how much waits, if that changed. */
  reportBuffered(): void {
    const { controlBufferedAmount, stateBufferedAmount } = this.#connection
    const event: BridgeEvent = {
      id: this.#id,
      type: 'buffered',
      control: { taken: this.#taken.control, waiting: controlBufferedAmount },
      state: { taken: this.#taken.state, waiting: stateBufferedAmount },
    }
    const report = JSON.stringify(event)
    if (report === this.#reported) return
    this.#reported = report
    this.#tell(event)
  }

  close(): void {
    this.#connection.close()
  }

  #send(channel: 'control' | 'state', bytes: Uint8Array): void {
    this.#taken[channel] += bytes.length
    if (channel === 'control') this.#connection.sendControl(bytes)
    else this.#connection.sendState(bytes)
  }

  #tell(event: BridgeEvent): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(encode(event, { ignoreUndefined: true }))
    }
  }
}
