import { decode, encode } from '@msgpack/msgpack'
import { ConvoyError } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import type {
  Connection,
  ConnectionCloseReason,
  ConnectionHandlers,
  ConnectionOptions,
  Connector,
  IceServer,
} from '../../lib/rtc/index.ts'

// A connector for pages whose connections are made in a Node process (pageServices.ts), so that a compliance suite
// that runs inside a browser can pair the browser's engine with those of Node.

/** What the page asks of the connection it numbered `id`. */
export type BridgeRequest = { id: number } & (
  | {
      type: 'connect'
      engine: 'datachannel' | 'werift'
      initiator: boolean
      attempt: number
      iceServers: readonly IceServer[]
    }
  | { type: 'signal'; signal: Signal }
  | { type: 'control' | 'state'; bytes: Uint8Array }
  | { type: 'close' }
)

/** What that connection tells its owner. */
export type BridgeEvent = { id: number } & (
  | { type: 'signal'; signal: Signal }
  | { type: 'open' }
  | { type: 'control' | 'state'; bytes: Uint8Array }
  | { type: 'buffered'; control: number; state: number }
  | { type: 'closed'; reason: ConnectionCloseReason; cause: string }
  | { type: 'refused'; reason: string }
)

/** A connector whose connections live in the process behind `url`. */
export interface RemoteConnector extends Connector {
  /** Ends them all. */
  close(): void
}

/** Reaches the engine service at `url` and takes connections of one of its engines. */
export async function remoteConnector(
  url: string,
  engine: 'datachannel' | 'werift',
): Promise<RemoteConnector> {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`The engine service at ${url} does not answer.`))
  })
  const connections = new Map<number, RemoteConnection>()
  const send = (request: BridgeRequest): void => socket.send(encode(request, { ignoreUndefined: true }))
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    const event = decode(data) as BridgeEvent
    connections.get(event.id)?.receive(event)
  }
  let lastId = 0
  return {
    name: engine,
    connect(options) {
      const id = ++lastId
      const { initiator, attempt, iceServers } = options
      send({ id, type: 'connect', engine, initiator, attempt, iceServers })
      const connection = new RemoteConnection(id, options, send)
      connections.set(id, connection)
      return connection
    },
    close: () => socket.close(),
  }
}

class RemoteConnection implements Connection {
  readonly #id: number
  readonly #handlers: ConnectionHandlers
  readonly #send: (request: BridgeRequest) => void
  #state: 'connecting' | 'open' | 'closed' = 'connecting'
  controlBufferedAmount = 0
  stateBufferedAmount = 0

  constructor(id: number, options: ConnectionOptions, send: (request: BridgeRequest) => void) {
    this.#id = id
    this.#handlers = options.handlers
    this.#send = send
  }

  signal(signal: Signal): void {
    if (this.#state !== 'closed') this.#send({ id: this.#id, type: 'signal', signal })
  }

  sendControl(bytes: Uint8Array): void {
    if (this.#state !== 'open') throw new ConvoyError('closed', 'The connection is not open.')
    this.#send({ id: this.#id, type: 'control', bytes })
  }

  sendState(bytes: Uint8Array): void {
    if (this.#state === 'open') this.#send({ id: this.#id, type: 'state', bytes })
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#send({ id: this.#id, type: 'close' })
    this.#handlers.closed('local')
  }

  receive(event: BridgeEvent): void {
    if (this.#state === 'closed') return
    switch (event.type) {
      case 'open':
        this.#state = 'open'
        return this.#handlers.open()
      case 'signal':
        return this.#handlers.signal(event.signal)
      case 'control':
      case 'state':
        return this.#handlers[event.type](event.bytes)
      case 'buffered':
        this.controlBufferedAmount = event.control
        this.stateBufferedAmount = event.state
        return
      case 'refused':
        return this.#handlers.refused?.(event.reason)
      case 'closed':
        this.#state = 'closed'
        return this.#handlers.closed(event.reason, event.cause)
    }
  }
}
