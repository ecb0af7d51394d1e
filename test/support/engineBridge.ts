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

// A connector for pages whose connections are made in a Node process (engineService.ts), so that a compliance suite
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
  | { type: 'buffered'; control: Buffered; state: Buffered }
  | { type: 'closed'; reason: ConnectionCloseReason; cause: string }
  | { type: 'refused'; reason: string }
)

/** How one channel does: bytes it was given so far, and those that wait in the engine. */
export interface Buffered {
  taken: number
  waiting: number
}

/** A connector whose connections live in the process behind `services`. */
export interface RemoteConnector extends Connector {
  /** Ends them all. */
  close(): void
}

/** Takes connections of one of Node's engines. */
export async function remoteConnector(
  services: string,
  engine: 'datachannel' | 'werift',
): Promise<RemoteConnector> {
  const socket = new WebSocket(`${services}/engines`)
  socket.binaryType = 'arraybuffer'
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`Nothing answers at ${services}.`))
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
  readonly #sent = { control: 0, state: 0 }
  #buffered = { control: { taken: 0, waiting: 0 }, state: { taken: 0, waiting: 0 } }

  constructor(id: number, options: ConnectionOptions, send: (request: BridgeRequest) => void) {
    this.#id = id
    this.#handlers = options.handlers
    this.#send = send
  }

  get controlBufferedAmount(): number {
    return this.#waiting('control')
  }

  get stateBufferedAmount(): number {
    return this.#waiting('state')
  }

  signal(signal: Signal): void {
    if (this.#state !== 'closed') this.#send({ id: this.#id, type: 'signal', signal })
  }

  sendControl(bytes: Uint8Array): void {
    if (this.#state !== 'open') throw new ConvoyError('closed', 'The connection is not open.')
    this.#sent.control += bytes.length
    this.#send({ id: this.#id, type: 'control', bytes })
  }

  sendState(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#sent.state += bytes.length
    this.#send({ id: this.#id, type: 'state', bytes })
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
        this.#buffered = event
        return
      case 'refused':
        return this.#handlers.refused?.(event.reason)
      case 'closed':
        this.#state = 'closed'
        return this.#handlers.closed(event.reason, event.cause)
    }
  }

  // What is still on its way to the engine waits just as well.
  #waiting(channel: 'control' | 'state'): number {
    const { taken, waiting } = this.#buffered[channel]
    return this.#sent[channel] - taken + waiting
  }
}
