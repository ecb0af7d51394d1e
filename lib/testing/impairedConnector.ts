import * as v from 'valibot'
import { signalSchema, type Signal } from '../protocol/index.ts'
import type { Connection, ConnectionOptions, Connector } from '../rtc/index.ts'
import type { Impairment, SignalRelay } from './udpRelay.ts'

/** `connector` with all that its connections send and get back on that way passing through `impairment`. */
export function impairedConnector(connector: Connector, impairment: Impairment): Connector {
  return {
    name: connector.name,
    connect: (options) => new ImpairedConnection(connector, impairment.relay(), options),
  }
}

class ImpairedConnection implements Connection {
  readonly #relay: SignalRelay
  readonly #inner: Connection
  #closed = false

  constructor(connector: Connector, relay: SignalRelay, options: ConnectionOptions) {
    const { handlers } = options
    this.#relay = relay
    this.#inner = connector.connect({
      ...options,
      handlers: {
        signal: (signal) => handlers.signal(signal),
        open: () => handlers.open(),
        control: (bytes) => handlers.control(bytes),
        state: (bytes) => handlers.state(bytes),
        refused: (reason) => handlers.refused?.(reason),
        closed: (reason, cause) => {
          this.#closed = true
          relay.close()
          handlers.closed(reason, cause)
        },
      },
    })
  }

  get controlBufferedAmount(): number {
    return this.#inner.controlBufferedAmount
  }

  get stateBufferedAmount(): number {
    return this.#inner.stateBufferedAmount
  }

  signal(signal: Signal): void {
    // What is malformed has no candidates to replace; refusing it is up to the connection.
    if (!v.is(signalSchema, signal)) return this.#inner.signal(signal)
    void this.#relay.rewrite(signal).then((rewritten) => {
      if (rewritten !== undefined && !this.#closed) this.#inner.signal(rewritten)
    })
  }

  sendControl(bytes: Uint8Array): void {
    this.#inner.sendControl(bytes)
  }

  sendState(bytes: Uint8Array): void {
    this.#inner.sendState(bytes)
  }

  close(): void {
    this.#inner.close()
  }
}
