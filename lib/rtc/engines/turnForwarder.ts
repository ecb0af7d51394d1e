import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect as connectTcp, isIPv6, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { IceUrl } from '../../protocol/index.ts'
import { TurnFrames } from './turnFrames.ts'

/** Datagrams kept while the way to the server is not there yet: a first request and its repetitions. */
const keptDatagrams = 8

/** Bytes on a slow TCP connection above which datagrams are dropped: old ones are of no use. */
const backlogBytes = 65_536

/** How long what an engine says in farewell may take to go out, ms: a relay that nobody ends counts against quotas for minutes. */
const lingerMs = 200

/** The way to the server, once there is one. */
interface Upstream {
  send(datagram: Uint8Array): void
  close(): void
}

/**
 * Passes datagrams between an engine on this machine and one TURN server. An engine that knows its server by this address alone,
 * and is bound to loopback, can send to nobody else ([NAT-22]); one that speaks UDP only reaches a server over TCP or TLS by it.
 */
export class TurnForwarder {
  readonly #server: IceUrl
  readonly #local: UdpSocket
  #enginePort: number | undefined
  #up: Upstream | undefined
  #closing: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(server: IceUrl) {
    this.#server = server
    // By default a literal address, too, is looked up in a later turn; an engine asks for the port at once.
    this.#local = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) })
    this.#local.on('error', () => this.#end())
    this.#local.on('message', (datagram, { port }) => {
      // Only the engine, which is there first, may use the relay: not whichever program of this machine finds the port.
      this.#enginePort ??= port
      if (port === this.#enginePort) this.#toServer(datagram)
    })
    this.#local.bind({ address: '127.0.0.1', port: 0, exclusive: true })
  }

  /** What the engine takes for the server. */
  get port(): number {
    return this.#local.address().port
  }

  /** Ends it in a moment, so that a farewell still gets out. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closing ??= setTimeout(() => this.#end(), lingerMs).unref()
  }

  #toServer(datagram: Buffer): void {
    this.#up ??= this.#server.transport === 'udp' ? this.#overUdp() : this.#overStream()
    this.#up.send(datagram)
  }

  #toEngine(datagram: Uint8Array): void {
    if (!this.#closed && this.#enginePort !== undefined) {
      this.#local.send(datagram, this.#enginePort, '127.0.0.1', () => {})
    }
  }

  #overUdp(): Upstream {
    const { host, port } = this.#server
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const kept: Uint8Array[] = []
    let connected = false
    socket.on('error', () => {
      // A name that isn't found, a network that is away: the engine repeats, and gives up in its own time.
      if (!connected) this.#up = undefined
    })
    socket.on('message', (datagram) => this.#toEngine(datagram))
    // Connected, so that nothing goes elsewhere and nothing from elsewhere comes in.
    socket.connect(port, host, () => {
      connected = true
      for (const datagram of kept.splice(0)) socket.send(datagram, () => {})
    })
    return {
      send(datagram) {
        if (connected) socket.send(datagram, () => {})
        else if (kept.length < keptDatagrams) kept.push(datagram)
      },
      close: () => void socket.close(),
    }
  }

  #overStream(): Upstream {
    const { host, port, transport } = this.#server
    const socket: Socket =
      transport === 'tls'
        ? connectTls({ host, port, ...(isIPv6(host) || /^[\d.]+$/.test(host) ? {} : { servername: host }) })
        : connectTcp({ host, port })
    socket.setNoDelay(true)
    const frames = new TurnFrames((frame) => this.#toEngine(frame))
    socket.on('data', (chunk) => {
      if (!frames.receive(chunk)) socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#up === up) this.#up = undefined
    })
    const up: Upstream = {
      send(datagram: Uint8Array) {
        if (!socket.destroyed && socket.writableLength < backlogBytes)
          socket.write(TurnFrames.padded(datagram))
      },
      close: () => socket.destroySoon(),
    }
    return up
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#closing)
    this.#up?.close()
    this.#local.close()
  }
}
