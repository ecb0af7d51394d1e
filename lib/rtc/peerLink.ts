import {
  ConvoyError,
  type Cancel,
  type Clock,
  type Counters,
  type Logger,
  type Unsubscribe,
} from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import type {
  Connection,
  ConnectionCloseReason,
  ConnectionHandlers,
  Connector,
  IceServer,
} from './connection.ts'
import { answerWithinMs, closeLingerMs, probeEveryMs, probesBeforeDeath } from './constants.ts'
import { ControlChannel } from './controlChannel.ts'
import type {
  Link,
  LinkCloseReason,
  LinkEvents,
  LinkQuality,
  LinkState,
  LinkTimings,
  StateHandler,
} from './link.ts'
import { LinkEmitter } from './linkEmitter.ts'
import { StateChannel } from './stateChannel.ts'
import { stateFlags } from './stateHeader.ts'
import { WakeTimer } from './wakeTimer.ts'

/** What a {@link PeerLink} is made with. */
export interface PeerLinkOptions {
  connector: Connector
  initiator: boolean
  attempt: number
  iceServers: readonly IceServer[]
  clock: Clock
  timings: LinkTimings
  /** Shared by all attempts at one link, so that nothing refused goes unseen. */
  dropped: Counters
  logger: Logger | undefined
  sendSignal(signal: Signal): void
  /** Both channels are open and the other side was heard. */
  established(link: PeerLink): void
  /** It ended before that. */
  failed(link: PeerLink, cause: unknown): void
}

/** {@link Link} over one connection: opens it, keeps watch over it, and carries both channels. */
export class PeerLink implements Link {
  readonly attempt: number
  readonly #clock: Clock
  readonly #timings: LinkTimings
  readonly #dropped: Counters
  readonly #options: PeerLinkOptions
  readonly #events: LinkEmitter
  readonly #timer: WakeTimer
  readonly #connection: Connection
  readonly #control: ControlChannel
  readonly #channel: StateChannel
  #state: LinkState = 'connecting'
  #connected = false
  #connectionOver = false
  #heardAt: number
  #answerBy = Infinity
  #probes = 0
  #cancelLinger: Cancel | undefined
  #controlBytesSent = 0
  #controlBytesReceived = 0

  constructor(options: PeerLinkOptions) {
    const now = options.clock.now()
    this.#options = options
    this.attempt = options.attempt
    this.#clock = options.clock
    this.#timings = options.timings
    this.#dropped = options.dropped
    this.#heardAt = now
    this.#events = new LinkEmitter(options.logger)
    this.#timer = new WakeTimer(options.clock, () => this.#onWake())
    this.#connection = options.connector.connect({
      initiator: options.initiator,
      attempt: options.attempt,
      iceServers: options.iceServers,
      handlers: this.#handlers(),
    })
    this.#control = new ControlChannel(
      this.#connection,
      {
        message: (message) => this.#deliver(message),
        close: () => this.#end('remote'),
        violated: (error) => this.#end('failed', error),
      },
      options.dropped,
      options.clock,
    )
    this.#channel = new StateChannel(this.#connection, this.#control, options.dropped, options.clock)
  }

  get state(): LinkState {
    return this.#state
  }

  get clockOffset(): number | undefined {
    return this.#channel.timing.clockOffset
  }

  on<Name extends keyof LinkEvents>(name: Name, listener: (event: LinkEvents[Name]) => void): Unsubscribe {
    return this.#events.on(name, listener)
  }

  onState(handler: StateHandler): void {
    this.#channel.handler = handler
  }

  sendControl(message: Uint8Array): void {
    if (this.#state === 'closed') throw new ConvoyError('closed', 'The link is closed.')
    this.#control.send(message, this.#clock.now())
    this.#controlBytesSent += message.length
    this.#timer.by(this.#control.nudgeAt)
  }

  sendState(payload: Uint8Array): boolean {
    if (this.#state !== 'open' && this.#state !== 'suspect') return false
    const sent = this.#channel.send(payload, this.#clock.now())
    if (sent) this.#answerBy = Infinity
    return sent
  }

  quality(): LinkQuality {
    const channel = this.#channel
    return {
      rttMs: channel.timing.rttMs,
      minRttMs: channel.timing.minRttMs,
      jitterMs: channel.timing.jitterMs,
      lossIn: channel.lossIn,
      lossOut: channel.lossOut,
      bytesSent: channel.bytesSent + this.#controlBytesSent,
      bytesReceived: channel.bytesReceived + this.#controlBytesReceived,
      datagramsSent: channel.sentCount,
      datagramsReceived: channel.receivedCount,
      datagramsSkipped: channel.skippedCount,
      dropped: this.#dropped.snapshot() as Record<string, number>,
    }
  }

  /** Takes a signal of this attempt from the other side. */
  signal(signal: Signal): void {
    if (!this.#connectionOver) this.#connection.signal(signal)
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#end('local')
    if (this.#connectionOver) return
    // The other side closes the connection once it has read this; if it can't, the wait ends by itself.
    this.#cancelLinger = this.#clock.after(closeLingerMs, () => this.#connection.close())
    this.#sendFarewell()
  }

  /** Ends an attempt that leads nowhere. */
  giveUp(cause: unknown): void {
    this.#end('failed', cause)
  }

  // Twice, since engines may hold back a last control message, and datagrams get lost.
  #sendFarewell(): void {
    this.#channel.sendClose(this.#clock.now())
    try {
      this.#control.sendClose()
    } catch {
      // The connection ended just now, which tells the other side as well.
    }
  }

  #handlers(): ConnectionHandlers {
    return {
      signal: (signal) => {
        if (this.#state !== 'closed') this.#options.sendSignal(signal)
      },
      open: () => this.#onConnected(),
      control: (bytes) => this.#receiveControl(bytes),
      state: (bytes) => this.#receiveState(bytes),
      refused: (reason) => this.#dropped.add(reason),
      closed: (reason, cause) => this.#onConnectionClosed(reason, cause),
    }
  }

  #onConnected(): void {
    if (this.#state === 'closed') return
    this.#connected = true
    this.#probe(this.#clock.now())
  }

  #onConnectionClosed(reason: ConnectionCloseReason, cause: unknown): void {
    this.#connectionOver = true
    this.#cancelLinger?.()
    if (this.#state !== 'closed') this.#end(reason === 'local' ? 'failed' : reason, cause)
  }

  #receiveState(datagram: Uint8Array): void {
    if (this.#state === 'closed') return
    const now = this.#clock.now()
    const flags = this.#channel.receive(datagram, now)
    // Whoever took the payload may have closed the link.
    if (flags === undefined || this.#isClosed()) return
    if ((flags & stateFlags.close) !== 0) return this.#end('remote')
    this.#heard(now)
    if ((flags & stateFlags.probe) !== 0) this.#sendHeartbeat(now)
    else if ((flags & stateFlags.payload) !== 0) this.#answerWithin(now)
  }

  #receiveControl(frame: Uint8Array): void {
    if (this.#state === 'closed') return
    const now = this.#clock.now()
    if (!this.#control.receive(frame) || this.#isClosed()) return
    this.#controlBytesReceived += frame.length
    this.#heard(now)
    this.#answerWithin(now)
  }

  #deliver(message: Uint8Array): void {
    if (this.#events.deliver(message)) return
    this.#end(
      'failed',
      new ConvoyError('backlog-full', 'Nobody listens to the control messages of this link.'),
    )
  }

  #heard(now: number): void {
    this.#heardAt = now
    this.#channel.heard()
    this.#probes = 0
    if (this.#state === 'connecting') {
      this.#state = 'open'
      this.#timer.by(now + this.#timings.suspectMs)
      this.#options.established(this)
    } else if (this.#state === 'suspect') {
      this.#state = 'open'
      this.#events.emit('recovered', undefined)
    }
  }

  // One timer serves all deadlines. It is set early rather than moved: looking again costs less.
  #onWake(): void {
    const now = this.#clock.now()
    if (this.#state === 'open' && now >= this.#heardAt + this.#timings.suspectMs) {
      this.#state = 'suspect'
      this.#probes = 0
      this.#events.emit('suspect', undefined)
    }
    if (this.#isDead(now)) return this.#end('silent')
    if (this.#isClosed()) return
    this.#nudge(now)
    if (this.#isClosed()) return
    if (this.#state === 'open') {
      if (now >= this.#answerBy || now >= this.#channel.sentAt + this.#timings.heartbeatMs)
        this.#sendHeartbeat(now)
    } else {
      this.#probe(now)
    }
    this.#timer.by(this.#nextDeadline())
  }

  // A method, since a listener of ours may have closed the link where types still say it is open.
  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #isDead(now: number): boolean {
    return (
      this.#state === 'suspect' &&
      this.#probes >= probesBeforeDeath &&
      now >= this.#heardAt + this.#timings.deadMs
    )
  }

  #nextDeadline(): number {
    if (this.#state !== 'open') return this.#clock.now() + probeEveryMs
    return Math.min(
      this.#answerBy,
      this.#control.nudgeAt,
      this.#channel.sentAt + this.#timings.heartbeatMs,
      this.#heardAt + this.#timings.suspectMs,
    )
  }

  #nudge(now: number): void {
    try {
      this.#control.nudge(now)
    } catch {
      // The connection ended just now, and has told so.
    }
  }

  #probe(now: number): void {
    this.#probes++
    this.#channel.sendHeartbeat(true, now)
    this.#timer.by(now + probeEveryMs)
  }

  #sendHeartbeat(now: number): void {
    this.#answerBy = Infinity
    this.#channel.sendHeartbeat(false, now)
    this.#timer.by(now + this.#timings.heartbeatMs)
  }

  #answerWithin(now: number): void {
    if (this.#answerBy !== Infinity) return
    this.#answerBy = now + answerWithinMs
    this.#timer.by(this.#answerBy)
  }

  #end(reason: LinkCloseReason, cause?: unknown): void {
    if (this.#state === 'closed') return
    const before = this.#state
    this.#state = 'closed'
    this.#timer.stop()
    this.#events.forgetWaiting()
    // A local close lingers, for the other side to hear of it.
    if (reason !== 'local' || !this.#connected) this.#connection.close()
    if (before === 'connecting') this.#options.failed(this, cause)
    this.#events.emit('closed', cause === undefined ? { reason } : { reason, cause })
  }
}
