import { WebSocket, type ClientOptions } from 'ws'
import { createSystemClock, sleep } from '../../lib/core/index.ts'
import {
  decodeServiceFrame,
  encodeClientFrame,
  frameVersion,
  type ClientFrame,
  type ServiceFrame,
} from '../../lib/rendezvous/frames.ts'

const clock = createSystemClock()

type FrameOf<Type extends ServiceFrame['type']> = Extract<ServiceFrame, { type: Type }>

/** A client that sends whatever a test wants it to send. */
export class RawClient {
  readonly socket: WebSocket
  readonly frames: ServiceFrame[] = []
  closeCode: number | undefined
  #request = 1

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => this.frames.push(decodeServiceFrame(data)))
    socket.on('close', (code) => (this.closeCode = code))
    socket.on('error', () => {})
  }

  /** Connected, without a word said. */
  static async connect(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(url, options)
    const client = new RawClient(socket)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return client
  }

  /** Connected and greeted. */
  static async greeted(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(url, options)
    client.send({ type: 'hello', version: frameVersion })
    await client.frame('welcome')
    return client
  }

  send(frame: ClientFrame): void {
    this.socket.send(encodeClientFrame(frame))
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes)
  }

  nextRequest(): number {
    return this.#request++
  }

  /** The answer to a request, or its refusal. */
  async ask(
    frame: { type: 'open' | 'withdraw'; session: Uint8Array } | { type: 'list' },
  ): Promise<ServiceFrame> {
    const request = this.nextRequest()
    this.send({ ...frame, request })
    return this.#find((candidate) => 'request' in candidate && candidate.request === request)
  }

  async announce(envelope: Uint8Array, resume: Uint8Array | null = null): Promise<ServiceFrame> {
    const request = this.nextRequest()
    this.send({ type: 'announce', request, envelope, proof: [], resume })
    return this.#find((candidate) => 'request' in candidate && candidate.request === request)
  }

  /** The first frame of a type, waited for. */
  async frame<Type extends ServiceFrame['type']>(type: Type): Promise<FrameOf<Type>> {
    return (await this.#find((candidate) => candidate.type === type)) as FrameOf<Type>
  }

  count(type: ServiceFrame['type']): number {
    return this.frames.filter((frame) => frame.type === type).length
  }

  async closed(): Promise<number> {
    while (this.closeCode === undefined) await sleep(clock, 5)
    return this.closeCode
  }

  async #find(matches: (frame: ServiceFrame) => boolean): Promise<ServiceFrame> {
    for (;;) {
      const found = this.frames.find(matches)
      if (found !== undefined) return found
      if (this.closeCode !== undefined)
        throw new Error(`The service closed the connection: ${this.closeCode}.`)
      await sleep(clock, 5)
    }
  }
}
