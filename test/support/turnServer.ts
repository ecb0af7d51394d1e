import { createHmac, randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'
import {
  addressAttribute,
  addressOf,
  attribute,
  decodeStun,
  encodeStun,
  endpointText,
  hasIntegrity,
  longTermKey,
  stunAttributes,
  stunTypes,
  textOf,
  type Endpoint,
  type StunAttribute,
  type StunMessage,
} from '../../lib/cli/doctor/stun.ts'
import { TurnFrames } from '../../lib/rtc/engines/turnFrames.ts'

/** How a {@link TestTurnServer} behaves. */
export interface TestTurnOptions {
  readonly secret: string
  /** Answers Binding requests at this address and port instead of where they came from: a router in between. */
  readonly mappedTo?: (seen: Endpoint) => Endpoint
  /** Says nothing at all. */
  readonly mute?: boolean
  /** Refuses every allocation with this code, e.g. 486, quota reached. */
  readonly refuseWith?: number
  /** Leaves larger datagrams on the way, bytes of payload: a narrow path. */
  readonly dropAbove?: number
  readonly tcp?: boolean
}

interface Allocation {
  readonly relay: Socket
  readonly channels: Map<number, Endpoint>
  readonly permissions: Set<string>
}

const realm = 'test'

/** A STUN and TURN server on loopback that takes REST credentials, as coturn does with `use-auth-secret`. */
export class TestTurnServer {
  /** Who sent to the server, and what relays sent to: `address:port`. */
  readonly clients = new Set<string>()
  readonly relayedTo = new Set<string>()
  readonly relays = new Set<string>()
  allocations = 0
  refused = 0
  readonly #options: TestTurnOptions
  readonly #socket: Socket
  readonly #tcp: Server | undefined
  readonly #streams = new Set<TcpSocket>()
  readonly #allocated = new Map<string, Allocation>()
  readonly #nonce = randomBytes(8).toString('hex')

  private constructor(options: TestTurnOptions) {
    this.#options = options
    this.#socket = createSocket('udp4')
    this.#socket.on('message', (bytes, { address, port }) => {
      if (options.dropAbove !== undefined && bytes.length > options.dropAbove) return
      this.#receive(bytes, { address, port }, (answer) => this.#socket.send(answer, port, address, () => {}))
    })
    if (options.tcp === true) {
      this.#tcp = createServer((stream) => {
        this.#streams.add(stream)
        const from = { address: stream.remoteAddress ?? '', port: stream.remotePort ?? 0 }
        const frames = new TurnFrames((frame) =>
          this.#receive(Buffer.from(frame), from, (answer) => void stream.write(TurnFrames.padded(answer))),
        )
        stream.on('data', (chunk) => frames.receive(chunk))
        stream.on('error', () => {})
      })
    }
  }

  static async start(options: TestTurnOptions): Promise<TestTurnServer> {
    for (;;) {
      const server = new TestTurnServer(options)
      server.#socket.bind(0, '127.0.0.1')
      await once(server.#socket, 'listening')
      if (server.#tcp === undefined) return server
      server.#tcp.listen(server.port, '127.0.0.1')
      try {
        await once(server.#tcp, 'listening')
        return server
      } catch {
        // Somebody else has the TCP port of that number.
        await server.close()
      }
    }
  }

  get port(): number {
    return this.#socket.address().port
  }

  get url(): string {
    return `turn:127.0.0.1:${this.port}`
  }

  /** What a service would hand out, good for `seconds` from now. */
  static credentials(secret: string, seconds = 3_600): { username: string; credential: string } {
    const username = `${Math.floor(Date.now() / 1_000) + seconds}:test`
    return { username, credential: createHmac('sha1', secret).update(username).digest('base64') }
  }

  async close(): Promise<void> {
    for (const { relay } of this.#allocated.values()) relay.close()
    this.#allocated.clear()
    for (const stream of this.#streams) stream.destroy()
    this.#tcp?.close()
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #receive(bytes: Buffer, from: Endpoint, answer: (bytes: Uint8Array) => void): void {
    const client = endpointText(from)
    this.clients.add(client)
    if (this.#options.mute === true) return
    const allocation = this.#allocated.get(client)
    if ((bytes[0] ?? 0) >> 6 === 1) {
      const peer = allocation?.channels.get(bytes.readUInt16BE(0))
      if (peer !== undefined) this.#relay(allocation, peer, bytes.subarray(4, 4 + bytes.readUInt16BE(2)))
      return
    }
    const message = decodeStun(bytes)
    if (message !== undefined) this.#take(message, bytes, from, answer)
  }

  #take(message: StunMessage, bytes: Buffer, from: Endpoint, answer: (bytes: Uint8Array) => void): void {
    const { transaction } = message
    const seen = this.#options.mappedTo?.(from) ?? from
    const mapped = addressAttribute(stunAttributes.xorMappedAddress, seen, transaction)
    const reply = (type: number, attributes: StunAttribute[], key?: Uint8Array): void =>
      answer(encodeStun({ type, transaction, attributes }, key))
    if (message.type === stunTypes.bindingRequest) return reply(stunTypes.bindingSuccess, [mapped])
    const allocation = this.#allocated.get(endpointText(from))
    if (message.type === stunTypes.sendIndication) {
      const peer = addressOf(message, stunAttributes.xorPeerAddress)
      const data = attribute(message, stunAttributes.data)
      if (peer !== undefined && data !== undefined) this.#relay(allocation, peer, data)
      return
    }
    const key = this.#keyOf(message, bytes)
    if (key === undefined) return this.#refuse(message, 401, reply)
    switch (message.type) {
      case stunTypes.allocateRequest:
        if (this.#options.refuseWith !== undefined)
          return this.#refuse(message, this.#options.refuseWith, reply)
        return this.#allocate(from, answer, (relayed) =>
          reply(
            stunTypes.allocateSuccess,
            [addressAttribute(stunAttributes.xorRelayedAddress, relayed, transaction), mapped, seconds(600)],
            key,
          ),
        )
      case stunTypes.refreshRequest: {
        const lifetime = attribute(message, stunAttributes.lifetime)
        if (lifetime?.every((byte) => byte === 0) === true) {
          allocation?.relay.close()
          this.#allocated.delete(endpointText(from))
        }
        return reply(stunTypes.refreshSuccess, [seconds(600)], key)
      }
      case stunTypes.permissionRequest: {
        for (const { type, value } of message.attributes) {
          const peer = addressOf({ ...message, attributes: [{ type, value }] }, stunAttributes.xorPeerAddress)
          if (type === stunAttributes.xorPeerAddress && peer !== undefined)
            allocation?.permissions.add(peer.address)
        }
        return reply(stunTypes.permissionSuccess, [], key)
      }
      case stunTypes.channelBindRequest: {
        const peer = addressOf(message, stunAttributes.xorPeerAddress)
        const number = attribute(message, stunAttributes.channelNumber)
        if (peer === undefined || number === undefined) return
        allocation?.permissions.add(peer.address)
        allocation?.channels.set(Buffer.from(number).readUInt16BE(0), peer)
        return reply(stunTypes.channelBindSuccess, [], key)
      }
    }
  }

  #keyOf(message: StunMessage, bytes: Uint8Array): Uint8Array | undefined {
    const username = textOf(message, stunAttributes.username)
    if (username === undefined) return undefined
    if (Number(username.split(':')[0]) * 1_000 < Date.now()) return undefined
    const credential = createHmac('sha1', this.#options.secret).update(username).digest('base64')
    const key = longTermKey(username, realm, credential)
    return hasIntegrity(bytes, key) ? key : undefined
  }

  #refuse(
    message: StunMessage,
    code: number,
    reply: (type: number, attributes: StunAttribute[]) => void,
  ): void {
    if (textOf(message, stunAttributes.username) !== undefined) this.refused++
    const text = (type: number, value: string): StunAttribute => ({
      type,
      value: new TextEncoder().encode(value),
    })
    reply(message.type | 0x0110, [
      { type: stunAttributes.errorCode, value: Uint8Array.of(0, 0, Math.floor(code / 100), code % 100) },
      text(stunAttributes.realm, realm),
      text(stunAttributes.nonce, this.#nonce),
    ])
  }

  #allocate(from: Endpoint, answer: (bytes: Uint8Array) => void, done: (relayed: Endpoint) => void): void {
    const known = this.#allocated.get(endpointText(from))
    if (known !== undefined) return done({ address: '127.0.0.1', port: known.relay.address().port })
    const relay = createSocket('udp4')
    const allocation: Allocation = { relay, channels: new Map(), permissions: new Set() }
    this.#allocated.set(endpointText(from), allocation)
    this.allocations++
    relay.on('message', (data, peer) => {
      if (!allocation.permissions.has(peer.address)) return
      const channel = [...allocation.channels].find(
        ([, each]) => endpointText(each) === endpointText(peer),
      )?.[0]
      if (channel === undefined) {
        const transaction = randomBytes(12)
        const attributes = [
          addressAttribute(stunAttributes.xorPeerAddress, peer, transaction),
          { type: stunAttributes.data, value: data },
        ]
        return answer(encodeStun({ type: stunTypes.dataIndication, transaction, attributes }))
      }
      const head = Buffer.alloc(4)
      head.writeUInt16BE(channel, 0)
      head.writeUInt16BE(data.length, 2)
      answer(Buffer.concat([head, data]))
    })
    relay.bind(0, '127.0.0.1', () => {
      const { port } = relay.address()
      this.relays.add(`127.0.0.1:${port}`)
      done({ address: '127.0.0.1', port })
    })
  }

  #relay(allocation: Allocation | undefined, peer: Endpoint, data: Uint8Array): void {
    if (allocation?.permissions.has(peer.address) !== true) return
    this.relayedTo.add(endpointText(peer))
    allocation.relay.send(data, peer.port, peer.address, () => {})
  }
}

function seconds(count: number): StunAttribute {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(count)
  return { type: stunAttributes.lifetime, value }
}
