import { connect, type Socket } from 'node:net'
import { concat, type Clock } from '../../core/index.ts'
import { cutCodes, decodeClientFrame, frameLimits } from '../frames.ts'
import type { DialFrameSocket } from '../frameSocket.ts'
import type { Switchboard } from '../switchboard.ts'
import { lanBufferedBytes, lanCutGraceMs } from './constants.ts'

/** What closes a connection without a reason of its own: as a WebSocket says it. */
const brokenCode = 1_006

/** Frames over TCP: each after its length in two bytes ([LAN-6]). */
class FrameReader {
  readonly #take: (frame: Uint8Array) => void
  #held: Uint8Array = new Uint8Array(0)

  constructor(take: (frame: Uint8Array) => void) {
    this.#take = take
  }

  /** @returns false for a frame that is too long: nothing after it makes sense. */
  push(bytes: Uint8Array): boolean {
    // A copy: the socket's own buffers are used again, and are no plain bytes.
    let rest = concat(this.#held, bytes)
    while (rest.length >= 2) {
      const length = ((rest[0] ?? 0) << 8) | (rest[1] ?? 0)
      if (length > frameLimits.frameBytes) return false
      if (rest.length < 2 + length) break
      this.#take(rest.slice(2, 2 + length))
      rest = rest.subarray(2 + length)
    }
    this.#held = rest.slice()
    return true
  }
}

function writeFrame(socket: Socket, frame: Uint8Array): void {
  if (!socket.writable) return
  socket.write(concat(Uint8Array.of(frame.length >> 8, frame.length & 0xff), frame))
}

/** Connects to a host of this network. */
export function dialTcp(host: string, port: number): DialFrameSocket {
  return (handlers) => {
    const socket = connect({ host, port })
    let cause: unknown
    let over = false
    const reader = new FrameReader((frame) => {
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
  const reader = new FrameReader((frame) => {
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

/** Connects the host to the switchboard in its own process. */
export function dialSwitchboard(switchboard: Switchboard): DialFrameSocket {
  return (handlers) => {
    let over = false
    const later = (action: () => void): void => {
      queueMicrotask(() => {
        if (!over) action()
      })
    }
    const served = switchboard.accept({
      address: null,
      stun: null,
      send: (frame) => later(() => handlers.message(frame)),
      cut: (reason) =>
        later(() => {
          over = true
          handlers.closed(cutCodes[reason])
        }),
    })
    later(() => handlers.open())
    return {
      send: (frame) => later(() => served.receive(frame)),
      close() {
        if (over) return
        // What was sent before goes first.
        queueMicrotask(() => {
          over = true
          served.gone()
        })
      },
    }
  }
}
