import { connect, type Socket } from 'node:net'

const opcodes = { text: 1, binary: 2 } as const

/** As any: a client has to mask what it sends, and a mask of zeros would spare the server the work of undoing it. */
const mask = Buffer.from([0x5a, 0x13, 0xc7, 0x9e])

/**
 * The client's side of a WebSocket with next to nothing to it, since thousands of them share a processor with the server
 * that they measure: what is sent again and again is made once.
 */
export class RawSocket {
  /** Takes the payload of each frame that arrives. */
  onPayload: (payload: Buffer) => void = () => undefined
  isOpen = true
  readonly #socket: Socket
  #rest: Buffer | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => (this.isOpen = false))
  }

  /** @param address - what the proxy that isn't there would say it saw. */
  static connect(port: number, path: string, address: string): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.on('error', () => undefined)
      socket.once('connect', () =>
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: ${address}\r\n\r\n`,
        ),
      )
      let head = Buffer.alloc(0)
      const onHead = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk])
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        socket.off('data', onHead)
        const status = head.subarray(9, 12).toString()
        if (status !== '101') return reject(new Error(`A connection was answered ${status}.`))
        const raw = new RawSocket(socket)
        resolve(raw)
        // Whoever waits for it gets to know it first.
        const rest = head.subarray(end + 4)
        if (rest.length > 0) setImmediate(() => raw.#take(rest))
      }
      socket.on('data', onHead)
    })
  }

  /** Sends what {@link frameOf} made. */
  send(frame: Buffer): void {
    this.#socket.write(frame)
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let offset = 0
    for (;;) {
      if (bytes.length - offset < 2) break
      const short = (bytes[offset + 1] ?? 0) & 0x7f
      const start = offset + (short === 126 ? 4 : short === 127 ? 10 : 2)
      if (bytes.length < start) break
      const length =
        short === 126
          ? bytes.readUInt16BE(offset + 2)
          : short === 127
            ? bytes.readUInt32BE(offset + 6)
            : short
      if (bytes.length < start + length) break
      offset = start + length
      this.onPayload(bytes.subarray(start, offset))
    }
    this.#rest = offset === bytes.length ? undefined : bytes.subarray(offset)
  }
}

/** A WebSocket frame of a client. */
export function frameOf(payload: string | Uint8Array): Buffer {
  const isText = typeof payload === 'string'
  const bytes = Buffer.from(payload as string)
  const long = bytes.length > 125
  const head = Buffer.alloc(long ? 4 : 2)
  head[0] = 0x80 | opcodes[isText ? 'text' : 'binary']
  head[1] = 0x80 | (long ? 126 : bytes.length)
  if (long) head.writeUInt16BE(bytes.length, 2)
  const masked = bytes.map((byte, index) => byte ^ (mask[index & 3] ?? 0))
  return Buffer.concat([head, mask, masked])
}
