import { connect, type Socket } from 'node:net'
import type { Clock } from '../../core/index.ts'
import { decodeClientFrame } from '../frames.ts'
import type { DialFrameSocket } from '../frameSocket.ts'
import { PrefixedFrames, prefixed } from '../prefixedFrames.ts'
import type { Switchboard } from '../switchboard.ts'
import { lanBufferedBytes, lanCutGraceMs } from './constants.ts'

/** What closes a connection without a reason of its own: as a WebSocket says it. */
const brokenCode = 1_006

/** Frames over TCP: each after its length in two bytes ([LAN-6]). An empty one is for the switchboard to refuse. */
const framesFor = (take: (frame: Uint8Array) => void): PrefixedFrames =>
  new PrefixedFrames(take, { leastBytes: 0 })

function writeFrame(socket: Socket, frame: Uint8Array): void {
  if (socket.writable) socket.write(prefixed(frame))
}

/** Connects to a host of this network. */
export function dialTcp(host: string, port: number): DialFrameSocket {
  return (handlers) => {
    const socket = connect({ host, port })
    let cause: unknown
    let over = false
    const reader = framesFor((frame) => {
      if (!over) handlers.message(frame)
    })
    socket.setNoDelay(true)
    socket.on('connect', () => {
      if (!over) handlers.open()
    })
    socket.on('data', (bytes) => {
      if (!over && !reader.push(bytes)) socket.destroy()
    })
    socket.on('error', (error) => (cause = error))
    socket.on('close', () => {
      if (over) return
      over = true
      handlers.closed(brokenCode, cause)
    })
    return {
      send: (bytes) => writeFrame(socket, bytes),
      close() {
        over = true
        socket.destroySoon()
      },
    }
  }
}

/** What only the host itself may ask of its own service. */
const ownFrames: ReadonlySet<string> = new Set(['announce', 'withdraw', 'witness', 'grant'])

/** Connects one neighbour to the switchboard of a host. */
export function serveTcp(socket: Socket, switchboard: Switchboard, clock: Clock): void {
  const served = switchboard.accept({
    address: socket.remoteAddress ?? 'unknown',
    stun: null,
    send(frame) {
      writeFrame(socket, frame)
      if (socket.writableLength > lanBufferedBytes) served.cut('slow')
    },
    cut(reason) {
      if (reason === 'slow') return void socket.destroy()
      socket.destroySoon()
      const cancel = clock.after(lanCutGraceMs, () => socket.destroy())
      socket.once('close', cancel)
    },
  })
  const reader = framesFor((frame) => {
    if (isForNeighbours(frame)) served.receive(frame)
    else served.cut('malformed')
  })
  socket.setNoDelay(true)
  socket.on('data', (bytes) => {
    if (!reader.push(bytes)) served.cut('malformed')
  })
  // 'close' follows.
  socket.on('error', () => switchboard.countRefused('tcp-error'))
  socket.on('close', () => served.gone())
}

function isForNeighbours(frame: Uint8Array): boolean {
  try {
    return !ownFrames.has(decodeClientFrame(frame).type)
  } catch {
    // Refused and counted by the switchboard.
    return true
  }
}
