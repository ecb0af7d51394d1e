import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Cancel, Clock } from '../lib/core/index.ts'
import {
  cutCodes,
  putRelayFrame,
  relayFrameBytes,
  type ClientPort,
  type CutReason,
  type Switchboard,
  type SwitchboardSocket,
  type TurnAccess,
} from '../lib/rendezvous/index.ts'
import { cutGraceMs } from './constants.ts'
import type { Entry } from './doorKeeper.ts'
import type { Reader, SlowReaders } from './slowReaders.ts'
import { emptyWebSocketFrame } from './webSocketFrame.ts'
import type { Flushable, WriteBatch } from './writeBatch.ts'

/** What {@link servePort} goes by: the same for all connections of a service. */
export interface ServePortOptions {
  clock: Clock
  switchboard: Switchboard
  stun: ClientPort['stun']
  turn?: ((address: string | null) => TurnAccess) | undefined
  slowReaders: SlowReaders
  writes: WriteBatch
  /** A connection ended before it had said hello. */
  ungreeted: () => void
}

/**
 * Connects one WebSocket to the switchboard.
 * @param stream - what the WebSocket runs on.
 */
export function servePort(
  webSocket: WebSocket,
  stream: Socket,
  entry: Entry,
  options: ServePortOptions,
): void {
  const { switchboard, slowReaders, ungreeted } = options
  webSocket.binaryType = 'nodebuffer'
  const port = new WebSocketPort(webSocket, stream, entry, options)
  const socket = (port.socket = switchboard.accept(port))
  webSocket.on('message', (data: Buffer, isBinary) => {
    // Text is no frame: what is handed on instead is refused and counted as malformed.
    socket.receive(isBinary ? data : new Uint8Array())
  })
  webSocket.on('error', (error: NodeJS.ErrnoException) => {
    // ws closes the connection by itself; 'close' follows.
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') switchboard.countRefused('message-too-large')
    else switchboard.countRefused('websocket-error')
  })
  webSocket.on('close', () => {
    port.cancelTermination?.()
    slowReaders.gone(port)
    if (!port.isGreeted) ungreeted()
    socket.gone()
  })
}

/** One WebSocket as the switchboard has it. */
class WebSocketPort implements ClientPort, Reader, Flushable {
  socket: SwitchboardSocket | undefined
  isGreeted = false
  cancelTermination: Cancel | undefined
  readonly #webSocket: WebSocket
  readonly #stream: Socket
  readonly #entry: Entry
  readonly #options: ServePortOptions
  #isCorked = false

  constructor(webSocket: WebSocket, stream: Socket, entry: Entry, options: ServePortOptions) {
    this.#webSocket = webSocket
    this.#stream = stream
    this.#entry = entry
    this.#options = options
  }

  get address(): string | null {
    return this.#entry.limitKey
  }

  get stun(): ClientPort['stun'] {
    return this.#options.stun
  }

  get turn(): ClientPort['turn'] {
    const { turn } = this.#options
    return turn && (() => turn(this.address))
  }

  greeted(): void {
    this.isGreeted = true
    this.#entry.greeted()
  }

  send(bytes: Uint8Array): void {
    if (!this.#mayWrite()) return
    const frame = emptyWebSocketFrame(bytes.length)
    frame.set(bytes, frame.length - bytes.length)
    this.#stream.write(frame)
  }

  relay(route: number, message: Uint8Array): void {
    if (!this.#mayWrite()) return
    const length = relayFrameBytes(route, message)
    const frame = emptyWebSocketFrame(length)
    putRelayFrame(frame, frame.length - length, route, message)
    this.#stream.write(frame)
  }

  #mayWrite(): boolean {
    // Nothing may follow the frame that closes it.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return false
    // What one read brought goes out in as few writes as there are receivers, not as messages.
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#stream.cork()
      this.#options.writes.add(this)
    }
    return true
  }

  flush(): void {
    this.#isCorked = false
    this.#stream.uncork()
    this.#options.slowReaders.sent(this, this.#options.clock)
  }

  cut(reason: CutReason): void {
    // A close frame would wait behind everything that is not being read.
    if (reason === 'slow') return this.#webSocket.terminate()
    this.#webSocket.close(cutCodes[reason], reason)
    this.cancelTermination = this.#options.clock.after(cutGraceMs, () => this.#webSocket.terminate())
  }

  waiting(): number {
    return this.#webSocket.bufferedAmount
  }

  written(): number {
    return this.#stream.bytesWritten - this.#stream.writableLength
  }

  tooSlow(): void {
    this.socket?.cut('slow')
  }
}
