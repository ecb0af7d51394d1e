import { concat, type Cancel, type Unsubscribe } from '../core/index.ts'
import type { OneWayPath } from './oneWayPath.ts'
import type { SimulatedNetwork } from './simulatedNetwork.ts'
import type { SimulatedPeer } from './simulatedPeer.ts'

/** Wait before a lost opening of a connection is repeated, ms: TCP's first (RFC 6298 section 2). */
const openingRetryMs = 1_000

/** How long an end that does not get through is repeated, ms: operating systems give up after about a minute. */
const lingerMs = 60_000

/** First byte of what travels: a message, or the end with its code. */
const kinds = { message: 0, end: 1 } as const

/** The code of an end that nobody sent: the connection broke, as a WebSocket has it. */
const brokenCode = 1006

/** What the two ends of a {@link SimulatedStream} are told. After `closed`, nothing follows. */
export interface StreamHandlers {
  open(): void
  message(bytes: Uint8Array): void
  closed(code: number): void
}

/** One end's way of sending. */
export interface StreamEnd {
  send(bytes: Uint8Array): void
  /** Ends the stream, telling the other end. Idempotent. */
  end(code: number): void
}

/**
 * A connection like a WebSocket's between two simulated processes: whole messages, complete and in order, late
 * where packets are lost. When a process dies, its operating system closes the connection.
 */
export class SimulatedStream {
  readonly #network: SimulatedNetwork
  readonly #sides: readonly [Side, Side]
  #over = false
  #cancelLinger: Cancel | undefined
  readonly #unsubscribe: Unsubscribe[] = []

  /**
   * @param number - tells it from others between the same two.
   * @param accept - makes the far end's handlers, or refuses with undefined.
   */
  constructor(
    network: SimulatedNetwork,
    number: number,
    near: { peer: SimulatedPeer; handlers: StreamHandlers },
    far: { peer: SimulatedPeer; accept: (end: StreamEnd) => StreamHandlers | undefined },
  ) {
    this.#network = network
    const farSide: Side = new Side(far.peer, undefined)
    const nearSide: Side = new Side(near.peer, near.handlers)
    this.#sides = [nearSide, farSide]
    for (const [from, to] of [
      [nearSide, farSide],
      [farSide, nearSide],
    ] as const) {
      from.path = network.path(from.peer, to.peer, `stream-${number}`, {
        datagram: () => {},
        closed: () => {},
        control: (bytes) => {
          // The end had not heard that the other process is gone: its operating system says so now.
          if (to.peer.killed) this.#breakLater(from, 0)
          else to.peer.receive(() => this.#arrive(to, bytes))
        },
      })
      this.#unsubscribe.push(from.peer.onKilled(() => this.#killed(from, to)))
    }
    network.clock.after(0, () => this.#connect(() => (farSide.handlers = far.accept(this.#end(farSide)))))
  }

  /** The way of sending of the end that opened it. */
  get near(): StreamEnd {
    return this.#end(this.#sides[0])
  }

  #connect(accept: () => StreamHandlers | undefined): void {
    const [near, far] = this.#sides
    // A process that died opens nothing any more.
    if (this.#over || near.peer.killed) return
    const outwardMs = near.path?.handshakeTransit()
    const inwardMs = this.#network.connected(near.peer, far.peer)
      ? (far.path?.handshakeTransit() ?? 0)
      : undefined
    if (outwardMs === undefined || inwardMs === undefined) {
      this.#network.clock.after(openingRetryMs, () => this.#connect(accept))
      return
    }
    this.#network.clock.after(outwardMs, () => {
      // Nobody listens there: the operating system refuses. A process that stands still is connected later.
      if (far.peer.killed) return this.#breakLater(near, inwardMs)
      far.peer.receive(() => {
        if (this.#over) return
        if (accept() === undefined) return this.#breakLater(near, inwardMs)
        this.#network.clock.after(inwardMs, () => this.#receive(near, () => near.handlers?.open()))
      })
    })
  }

  #end(side: Side): StreamEnd {
    return {
      send: (bytes) => {
        if (!side.ended) side.path?.sendControl(concat(Uint8Array.of(kinds.message), bytes))
      },
      end: (code) => {
        if (side.ended) return
        side.ended = true
        side.path?.sendControl(Uint8Array.of(kinds.end, code >> 8, code & 255))
        this.#cancelLinger ??= this.#network.clock.after(lingerMs, () => this.#release())
      },
    }
  }

  #arrive(side: Side, bytes: Uint8Array): void {
    const isEnd = bytes[0] === kinds.end
    // Both ends ended it: neither is owed another word.
    if (side.ended) return isEnd ? this.#release() : undefined
    if (!isEnd) side.handlers?.message(bytes.subarray(1))
    else this.#close(side, ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0))
  }

  #close(side: Side, code: number): void {
    if (side.ended) return
    side.ended = true
    this.#release()
    side.handlers?.closed(code)
  }

  #release(): void {
    this.#over = true
    this.#cancelLinger?.()
    for (const { path } of this.#sides) path?.stop()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #killed(dead: Side, other: Side): void {
    dead.ended = true
    dead.path?.stop()
    // If nothing passes, the other end has to find out by silence.
    if (this.#network.connected(dead.peer, other.peer)) this.#breakLater(other, 0)
  }

  #breakLater(side: Side, delayMs: number): void {
    this.#network.clock.after(delayMs, () => this.#receive(side, () => this.#close(side, brokenCode)))
  }

  #receive(side: Side, action: () => void): void {
    side.peer.receive(() => {
      if (!side.ended) action()
    })
  }
}

/** One end of a stream. */
class Side {
  readonly peer: SimulatedPeer
  handlers: StreamHandlers | undefined
  path: OneWayPath | undefined
  ended = false

  constructor(peer: SimulatedPeer, handlers: StreamHandlers | undefined) {
    this.peer = peer
    this.handlers = handlers
  }
}
