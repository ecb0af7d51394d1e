import { createSocket, type Socket } from 'node:dgram'
import { withDeadline, type Clock, type RandomSource } from '../../core/index.ts'
import {
  decodeStun,
  encodeStun,
  stunTypes,
  type Endpoint,
  type StunAttribute,
  type StunMessage,
} from './stun.ts'

/** When a request is sent, and sent again, ms: a second is long for any path, and lost packets are no answer. */
const sendAtMs = [0, 250, 700] as const
/** How long an answer is waited for after the first sending, ms. */
const answerWithinMs = 1_600

/** Padding of RFC 5780 or anything optional: skipped by who does not know it. */
const fillerType = 0x80ff

/** An answer, and its bytes for whoever checks their integrity. */
export interface StunAnswer {
  readonly message: StunMessage
  readonly bytes: Uint8Array
}

/** One UDP socket that asks STUN servers, so that what several of them see can be compared. */
export class StunSocket {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #waiting = new Map<string, (answer: StunAnswer) => void>()
  /** Transactions of requests that arrived here: those of our own, that a router turned around. */
  readonly #heard = new Map<string, () => void>()

  private constructor(socket: Socket, clock: Clock, random: RandomSource) {
    this.#socket = socket
    this.#clock = clock
    this.#random = random
    // A network that refuses to send is as good as one that loses it.
    socket.on('error', () => {})
    socket.on('message', (bytes) => {
      const message = decodeStun(bytes)
      if (message === undefined) return
      const key = Buffer.from(message.transaction).toString('hex')
      if (message.type === stunTypes.bindingRequest) this.#heard.get(key)?.()
      else this.#waiting.get(key)?.({ message, bytes })
    })
  }

  /** @returns undefined where this machine has no such family. */
  static async open(family: 4 | 6, clock: Clock, random: RandomSource): Promise<StunSocket | undefined> {
    const socket = createSocket(family === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true })
    return new Promise((resolve) => {
      socket.once('error', () => {
        socket.close()
        resolve(undefined)
      })
      socket.bind(0, () => {
        socket.removeAllListeners('error')
        resolve(new StunSocket(socket, clock, random))
      })
    })
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** @returns the answer; undefined where none came in time. */
  async ask(
    to: Endpoint,
    type: number,
    signal: AbortSignal,
    { attributes = [], key }: { attributes?: readonly StunAttribute[]; key?: Uint8Array | undefined } = {},
  ): Promise<StunAnswer | undefined> {
    const transaction = this.#random.bytes(12)
    const request = encodeStun({ type, transaction, attributes }, key)
    return this.#repeat(request, to, transaction, this.#waiting, signal)
  }

  /** Asks with a datagram of that many bytes of UDP payload. */
  askPadded(to: Endpoint, bytes: number, signal: AbortSignal): Promise<StunAnswer | undefined> {
    const filler = { type: fillerType, value: new Uint8Array((bytes - 24) & ~3) }
    return this.ask(to, stunTypes.bindingRequest, signal, { attributes: [filler] })
  }

  /** Whether what this socket sends to `to` arrives at `other`. */
  async reaches(other: StunSocket, to: Endpoint, signal: AbortSignal): Promise<boolean> {
    const transaction = this.#random.bytes(12)
    const request = encodeStun({ type: stunTypes.bindingRequest, transaction, attributes: [] })
    return (await this.#repeat(request, to, transaction, other.#heard, signal, true)) === true
  }

  /** Idempotent enough: once. */
  close(): void {
    this.#socket.close()
  }

  async #repeat<Answer>(
    request: Uint8Array,
    to: Endpoint,
    transaction: Uint8Array,
    where: Map<string, (answer: Answer) => void>,
    signal: AbortSignal,
    heard?: Answer,
  ): Promise<Answer | undefined> {
    const key = Buffer.from(transaction).toString('hex')
    const answered = new Promise<Answer>((resolve) =>
      where.set(key, (answer) => resolve(heard === undefined ? answer : heard)),
    )
    const cancels = sendAtMs.map((ms) =>
      this.#clock.after(ms, () => this.#socket.send(request, to.port, to.address, () => {})),
    )
    try {
      return await withDeadline(this.#clock, answerWithinMs, 'no answer', answered, signal)
    } catch {
      return undefined
    } finally {
      for (const cancel of cancels) cancel()
      where.delete(key)
    }
  }
}
