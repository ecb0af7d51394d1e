import type { WebSocket } from 'ws'
import type { Cancel, Clock } from '../lib/core/index.ts'
import { cutCodes, type ClientPort, type Switchboard } from '../lib/rendezvous/index.ts'
import { cutGraceMs } from './constants.ts'

/** What {@link servePort} goes by. */
export interface ServePortOptions {
  clock: Clock
  address: string | null
  stun: ClientPort['stun']
  turn?: ClientPort['turn']
  bufferedBytes: number
}

/** Connects one WebSocket to the switchboard. */
export function servePort(webSocket: WebSocket, switchboard: Switchboard, options: ServePortOptions): void {
  webSocket.binaryType = 'nodebuffer'
  let cancelTermination: Cancel | undefined
  const socket = switchboard.accept({
    address: options.address,
    stun: options.stun,
    turn: options.turn,
    send(bytes) {
      webSocket.send(bytes, { binary: true })
      if (webSocket.bufferedAmount > options.bufferedBytes) socket.cut('slow')
    },
    cut(reason) {
      // A close frame would wait behind everything that is not being read.
      if (reason === 'slow') return webSocket.terminate()
      webSocket.close(cutCodes[reason], reason)
      cancelTermination = options.clock.after(cutGraceMs, () => webSocket.terminate())
    },
  })
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
    cancelTermination?.()
    socket.gone()
  })
}
