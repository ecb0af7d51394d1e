import * as v from 'valibot'
import { ConvoyError, type Cancel, type Counters, type RandomSource } from '../core/index.ts'
import { limits, signalSchema, type Signal } from '../protocol/index.ts'
import type { Connection, ConnectionCloseReason, ConnectionOptions } from '../rtc/index.ts'
import { blackoutFailureMs, handshakeRetryMs, handshakeRoundTrips } from './constants.ts'
import type { NetworkCount, OneWayPath, PathReceiver } from './oneWayPath.ts'
import type { SimulatedClock } from './simulatedClock.ts'
import type { SimulatedPeer } from './simulatedPeer.ts'
import { candidateOf, describeConnection, isCandidate, readDescription } from './simulatedSignal.ts'

/** What happens at one end of a connection, as the trace of a run records it. */
export type Happening = 'open' | 'state' | 'control' | ConnectionCloseReason

/** What a {@link SimulatedConnection} needs of its network. */
export interface ConnectionSurroundings {
  readonly clock: SimulatedClock
  readonly counters: Counters<NetworkCount>
  /** Luck for the signals of a connection. */
  signalRandom(connection: SimulatedConnection): RandomSource
  /** A path from one end to the other, to the far end's `receiver`. */
  path(from: SimulatedConnection, to: SimulatedConnection, receiver: PathReceiver): OneWayPath
  /** Whether both processes run and something passes in both directions. */
  answering(a: SimulatedPeer, b: SimulatedPeer): boolean
  find(connectionId: string): SimulatedConnection | undefined
  forget(connection: SimulatedConnection): void
  record(happening: Happening, at: SimulatedConnection, bytes?: Uint8Array): void
}

/** {@link Connection} over the simulated network: negotiated by signals, opened by a handshake, as WebRTC is. */
export class SimulatedConnection implements Connection {
  readonly id: string
  /** Number of the connection at its peer. */
  readonly number: number
  readonly peer: SimulatedPeer
  readonly peerNumber: number
  readonly #around: ConnectionSurroundings
  readonly #options: ConnectionOptions
  #phase: 'signaling' | 'connecting' | 'open' | 'closed' = 'signaling'
  #description: string | undefined
  #described = false
  #candidates = 0
  #handshaking = false
  #remote: SimulatedConnection | undefined
  #path: OneWayPath | undefined
  #cancelFailure: Cancel | undefined
  // The other side may have opened, and sent, before this one is open.
  #earlyControl: Uint8Array[] = []

  constructor(
    around: ConnectionSurroundings,
    peer: SimulatedPeer,
    numbers: { peer: number; connection: number },
    options: ConnectionOptions,
  ) {
    this.peer = peer
    this.peerNumber = numbers.peer
    this.number = numbers.connection
    this.id = `sim-${numbers.peer}-${numbers.connection}`
    this.#around = around
    this.#options = options
    if (options.initiator) around.clock.after(0, () => this.#describe(undefined))
  }

  get controlBufferedAmount(): number {
    return this.#path?.unsentControlBytes ?? 0
  }

  get stateBufferedAmount(): number {
    return this.#path?.queuedBytes ?? 0
  }

  signal(signal: Signal): void {
    if (this.#phase === 'closed') return
    const checked = v.safeParse(signalSchema, signal)
    const refusal = checked.success ? this.#take(checked.output) : 'signal-malformed'
    if (refusal === undefined) return
    this.#around.counters.add('signals-refused')
    this.#options.handlers.refused?.(refusal)
  }

  sendControl(bytes: Uint8Array): void {
    if (this.peer.killed) return
    if (this.#phase !== 'open' || this.#path === undefined) {
      throw new ConvoyError('closed', 'The connection is not open.')
    }
    this.#countSent(bytes)
    this.#path.sendControl(bytes)
  }

  sendState(bytes: Uint8Array): void {
    if (this.#phase !== 'open' || this.#path === undefined) return
    this.#countSent(bytes)
    this.peer.traffic.datagramsSent++
    this.#path.sendDatagram(bytes)
  }

  close(): void {
    this.#finish('local')
  }

  /** Notices that the path to the other side, or the other side itself, came or went. */
  review(): void {
    const remote = this.#remote
    // A process that stands still notices nothing.
    if (this.#phase !== 'open' || remote === undefined || !this.peer.running) return
    const answers = remote.#phase !== 'closed' && this.#around.answering(this.peer, remote.peer)
    if (answers) {
      this.#cancelFailure?.()
      this.#cancelFailure = undefined
    } else {
      this.#cancelFailure ??= this.#around.clock.after(blackoutFailureMs, () =>
        this.peer.receive(() => this.#finish('failed', new Error('Nothing was heard from the other side.'))),
      )
    }
  }

  /** Ends with its process: nobody is told. */
  abandon(): void {
    if (this.#phase !== 'closed') this.#end()
  }

  /** @returns why the signal is refused. */
  #take(signal: Signal): string | undefined {
    if (signal.attempt !== this.#options.attempt) return 'signal-attempt'
    if (signal.type === 'candidate') {
      if (!isCandidate(signal.candidate)) return 'candidate-malformed'
      if (this.#candidates >= limits.candidatesPerConnection) return 'candidate-excess'
      this.#candidates++
      this.#connectWhenReady()
      return undefined
    }
    if (signal.type === (this.#options.initiator ? 'offer' : 'answer') || this.#described)
      return 'signal-unexpected'
    const description = readDescription(signal.sdp)
    if (description === undefined) return 'sdp-malformed'
    const remote = this.#around.find(description.id)
    // A description that was tampered with, or is not the other side's any more, leads nowhere.
    if (remote === undefined || remote === this || remote.#description !== signal.sdp) return 'sdp-unknown'
    if (this.#options.initiator && description.answers !== this.id) return 'sdp-unknown'
    this.#described = true
    if (this.#options.initiator) this.#pairWith(remote)
    else this.#around.clock.after(0, () => this.#describe(description.id))
    return undefined
  }

  #describe(answers: string | undefined): void {
    const { attempt, handlers } = this.#options
    this.peer.receive(() => {
      if (this.#phase === 'closed') return
      const sdp = describeConnection(this.id, answers, this.#around.signalRandom(this))
      this.#description = sdp
      handlers.signal({ type: answers === undefined ? 'offer' : 'answer', attempt, sdp })
      this.#around.clock.after(0, () => this.peer.receive(() => this.#announceCandidate()))
    })
  }

  #announceCandidate(): void {
    if (this.#phase === 'closed') return
    const candidate = candidateOf(this.peerNumber, 10_000 + (this.number % 50_000))
    const { attempt, handlers } = this.#options
    handlers.signal({ type: 'candidate', attempt, candidate, sdpMid: '0', sdpMLineIndex: 0 })
  }

  #pairWith(remote: SimulatedConnection): void {
    this.#joinTo(remote)
    remote.#joinTo(this)
    this.#connectWhenReady()
  }

  #joinTo(remote: SimulatedConnection): void {
    this.#remote = remote
    this.#phase = 'connecting'
    this.#path = this.#around.path(this, remote, {
      datagram: (bytes) => remote.peer.receive(() => remote.#receiveState(bytes), true),
      control: (bytes) => remote.peer.receive(() => remote.#receiveControl(bytes)),
      closed: () => remote.peer.receive(() => remote.#finish(remote.#phase === 'open' ? 'remote' : 'failed')),
    })
  }

  /** The initiator runs the handshake, once either side knows an address of the other. */
  #connectWhenReady(): void {
    const remote = this.#remote
    if (remote === undefined) return
    if (!this.#options.initiator) return remote.#connectWhenReady()
    if (this.#handshaking || this.#candidates + remote.#candidates === 0) return
    this.#handshaking = true
    this.#handshake(remote, 1)
  }

  #handshake(remote: SimulatedConnection, roundTrip: number): void {
    if (this.#phase !== 'connecting' || remote.#phase !== 'connecting') return
    const { clock, counters } = this.#around
    const outwardMs = this.#path?.handshakeTransit()
    const inwardMs = remote.#path?.handshakeTransit()
    const answering = this.#around.answering(this.peer, remote.peer)
    if (outwardMs === undefined || inwardMs === undefined || !answering) {
      counters.add('handshakes-repeated')
      clock.after(handshakeRetryMs, () => this.#handshake(remote, roundTrip))
    } else if (roundTrip < handshakeRoundTrips) {
      clock.after(outwardMs + inwardMs, () => this.#handshake(remote, roundTrip + 1))
    } else {
      clock.after(outwardMs, () => remote.#open())
      clock.after(outwardMs + inwardMs, () => this.#open())
    }
  }

  #open(): void {
    this.peer.receive(() => {
      if (this.#phase !== 'connecting') return
      this.#phase = 'open'
      this.#around.counters.add('connections-opened')
      this.#around.record('open', this)
      this.review()
      this.#options.handlers.open()
      for (const bytes of this.#earlyControl.splice(0)) this.#receiveControl(bytes)
    })
  }

  #receiveState(bytes: Uint8Array): void {
    if (this.#phase !== 'open') return
    this.#around.counters.add('datagrams-delivered')
    this.#around.record('state', this, bytes)
    this.peer.traffic.datagramsReceived++
    this.peer.traffic.bytesReceived += bytes.length
    this.#options.handlers.state(bytes)
    // The bytes are valid during the call only: whoever kept them shall notice.
    bytes.fill(0xa5)
  }

  #receiveControl(bytes: Uint8Array): void {
    if (this.#phase === 'connecting') this.#earlyControl.push(bytes)
    if (this.#phase !== 'open') return
    this.#around.counters.add('control-delivered')
    this.#around.record('control', this, bytes)
    this.peer.traffic.bytesReceived += bytes.length
    this.#options.handlers.control(bytes)
  }

  #countSent(bytes: Uint8Array): void {
    this.peer.traffic.bytesSent += bytes.length
  }

  #finish(reason: ConnectionCloseReason, cause?: unknown): void {
    if (this.#phase === 'closed') return
    if (reason === 'local' && this.#phase === 'open') this.#path?.sendClose()
    if (reason === 'failed') this.#around.counters.add('connections-failed')
    this.#end()
    this.#around.record(reason, this)
    this.#options.handlers.closed(reason, cause)
  }

  #end(): void {
    this.#phase = 'closed'
    this.#path?.stop()
    this.#cancelFailure?.()
    this.#earlyControl = []
    this.#around.forget(this)
    this.#remote?.review()
  }
}
