import { ConvoyError, type Cancel, type Clock, type Unsubscribe } from '../core/index.ts'
import type { Signal } from '../protocol/index.ts'
import { Carrier, type Strand } from './carrier.ts'
import type { ConnectionCloseReason } from './connection.ts'
import { closeLingerMs, probeEveryMs, probesBeforeDeath, sleptMs } from './constants.ts'
import { ControlChannel } from './controlChannel.ts'
import { DatagramGate } from './datagramGate.ts'
import type {
  Deliveries,
  Link,
  LinkCloseReason,
  LinkEvents,
  LinkQuality,
  LinkState,
  StateHandler,
} from './link.ts'
import { LinkEmitter } from './linkEmitter.ts'
import type { PeerLinkOptions } from './peerLinkOptions.ts'
import { qualityOf } from './linkQuality.ts'
import { PendingAnswer } from './pendingAnswer.ts'
import { Redialer } from './redialer.ts'
import { StateChannel } from './stateChannel.ts'
import { stateFlags } from './stateHeader.ts'
import { WakeTimer } from './wakeTimer.ts'

/**
 * {@link Link} over a connection, and others that take over from it: keeps watch, and carries both channels, whose
 * numbers and measurements outlive each connection.
 */
export class PeerLink implements Link {
  readonly attempt: number
  readonly #clock: Clock
  readonly #timings: PeerLinkOptions['timings']
  readonly #options: PeerLinkOptions
  readonly #events: LinkEmitter
  readonly #timer: WakeTimer
  readonly #carrier: Carrier
  readonly #redialer: Redialer
  readonly #control: ControlChannel
  readonly #channel: StateChannel
  readonly #gate: DatagramGate
  #state: LinkState = 'connecting'
  #connected = false
  #heardAt: number
  readonly #answer = new PendingAnswer()
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
    this.#heardAt = now
    this.#events = new LinkEmitter(options.logger)
    this.#timer = new WakeTimer(options.clock, (lateMs) => this.#onWake(lateMs))
    this.#carrier = new Carrier(options.attempt, {
      connector: options.connector,
      initiator: options.initiator,
      iceServers: options.iceServers,
      wholeSignals: options.wholeSignals,
      iceTransportPolicy: options.iceTransportPolicy,
      clock: options.clock,
      dropped: options.dropped,
      sendSignal: (signal) => {
        if (this.#state !== 'closed') options.sendSignal(signal)
      },
      handlers: {
        open: (strand) => this.#onConnected(strand),
        control: (bytes, strand) => this.#receiveControl(bytes, strand),
        state: (bytes, strand) => this.#gate.receive(bytes, strand),
        lost: (reason, cause) => this.#onConnectionLost(reason, cause),
        successorFailed: () => this.#redialer.failed(),
      },
    })
    this.#redialer = new Redialer({
      clock: options.clock,
      carrier: this.#carrier,
      initiator: options.initiator,
      needed: () => this.#state === 'suspect',
    })
    this.#control = new ControlChannel(
      { sendControl: (frame) => this.#sendFrame(frame) },
      {
        message: (message) => this.#deliver(message),
        close: () => this.#end('remote'),
        violated: (error) => this.#end('failed', error),
      },
      options,
    )
    this.#channel = new StateChannel(this.#carrier, this.#control, options.dropped)
    this.#gate = new DatagramGate(options, (datagram, strand, arrivedAt) =>
      this.#receiveState(datagram, strand, arrivedAt),
    )
  }

  get state(): LinkState {
    return this.#state
  }

  get heardAt(): number {
    return this.#heardAt
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
    if (sent) this.#answer.given()
    return sent
  }

  get deliveries(): Deliveries {
    return this.#channel
  }

  quality(): LinkQuality {
    const control = { sent: this.#controlBytesSent, received: this.#controlBytesReceived }
    return qualityOf(this.#channel, control, this.#options.dropped)
  }

  /** Takes a signal of any attempt from the other side. */
  signal(signal: Signal): void {
    if (this.#state !== 'closed' && this.#carrier.signal(signal)) return
    if (this.#redials && this.#redialer.follow(signal.attempt) && this.#carrier.signal(signal)) return
    this.#options.dropped.add('signal-attempt')
  }

  redial(): void {
    if (!this.#redials) return
    if (this.#options.initiator) this.#redialer.begin()
    else this.#channel.askForRedial(this.#clock.now())
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#end('local')
    if (!this.#carrier.usable) return this.#carrier.close()
    this.#carrier.closeOthers()
    // The other side closes the connection once it has read this; if it can't, the wait ends by itself.
    this.#cancelLinger = this.#clock.after(closeLingerMs, () => this.#carrier.close())
    this.#sendFarewell()
  }

  /** Ends an attempt that leads nowhere. */
  giveUp(cause: unknown): void {
    this.#end('failed', cause)
  }

  // Twice, since engines may hold back a last control message, and datagrams get lost.
  #sendFarewell(): void {
    this.#channel.sendClose(this.#clock.now())
    this.#control.sendClose()
  }

  // Where a connection can be replaced, what it does not take any more is sent over the next one.
  #sendFrame(frame: Uint8Array): void {
    try {
      this.#carrier.sendControl(frame)
    } catch (error) {
      if (!this.#options.redials || this.#isClosed()) throw error
    }
  }

  #onConnected(strand: Strand): void {
    if (this.#state === 'closed') return
    this.#connected = true
    const now = this.#clock.now()
    if (strand === this.#carrier.successor) {
      this.#channel.probeOver(strand.connection, now)
      this.#timer.by(now + probeEveryMs)
    } else this.#probe(now)
  }

  #onConnectionLost(reason: ConnectionCloseReason, cause: unknown): void {
    this.#cancelLinger?.()
    if (this.#state === 'closed') return
    if (this.#redials && (reason === 'remote' || reason === 'failed')) {
      this.#timer.by(this.#clock.now())
      this.#suspect()
    } else this.#end(reason === 'remote' ? 'remote' : 'failed', cause)
  }

  #receiveState(datagram: Uint8Array, strand: Strand, now: number): void {
    const flags = this.#channel.receive(datagram, now)
    // Whoever took the payload may have closed the link.
    if (flags === undefined || this.#isClosed()) return
    if ((flags & stateFlags.close) !== 0) return this.#end('remote')
    this.#heard(now, strand)
    if (this.#isClosed()) return
    if ((flags & stateFlags.probe) !== 0) this.#answerProbe(now)
    else if ((flags & stateFlags.payload) !== 0) this.#timer.by(this.#answer.afterPayload(now))
  }

  #receiveControl(frame: Uint8Array, strand: Strand): void {
    if (this.#state === 'closed') return
    const now = this.#clock.now()
    if (!this.#control.receive(frame, strand) || this.#isClosed()) return
    this.#controlBytesReceived += frame.length
    this.#heard(now, strand)
    if (!this.#isClosed()) this.#timer.by(this.#answer.afterControl(now))
  }

  #answerProbe(now: number): void {
    this.#sendHeartbeat(now)
    // Probes that tell of such silence come while the way there is dead and the way back is not.
    if (this.#channel.deafMs > this.#timings.suspectMs) this.#events.emit('unheard', undefined)
  }

  #deliver(message: Uint8Array): void {
    if (this.#events.deliver(message)) return
    this.#end(
      'failed',
      new ConvoyError('backlog-full', 'Nobody listens to the control messages of this link.'),
    )
  }

  #heard(now: number, strand: Strand): void {
    this.#heardAt = now
    if (this.#carrier.takeOver(strand)) this.#move(now)
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

  // Another connection has taken over: what the former one may have lost is sent again.
  #move(now: number): void {
    this.#redialer.stop()
    this.#control.resend()
    // The other side moves once it hears something over it.
    this.#sendHeartbeat(now)
    this.#events.emit('moved', undefined)
  }

  #suspect(): void {
    if (this.#state !== 'open') return
    this.#state = 'suspect'
    this.#probes = 0
    this.#events.emit('suspect', undefined)
  }

  // One timer serves all deadlines. It is set early rather than moved: looking again costs less.
  #onWake(lateMs: number): void {
    const now = this.#clock.now()
    // Nothing could be heard while this side slept, so that says nothing against the other one.
    if (lateMs > sleptMs) this.#heardAt = Math.max(this.#heardAt, now - this.#timings.suspectMs)
    if (now >= this.#heardAt + this.#timings.suspectMs) this.#suspect()
    if (this.#isDead(now)) return this.#end('silent')
    if (this.#isClosed()) return
    this.#control.nudge(now)
    if (this.#isClosed()) return
    if (this.#state === 'open') {
      if (now >= this.#answer.by || now >= this.#channel.sentAt + this.#timings.heartbeatMs)
        this.#sendHeartbeat(now)
    } else {
      this.#probe(now)
    }
    this.#probeSuccessor(now)
    this.#timer.by(this.#nextDeadline())
  }

  #probeSuccessor(now: number): void {
    const { successor } = this.#carrier
    if (successor?.open !== true) return
    this.#channel.probeOver(successor.connection, now)
    this.#timer.by(now + probeEveryMs)
  }

  /** Whether another connection may take over by now. */
  get #redials(): boolean {
    return this.#options.redials && (this.#state === 'open' || this.#state === 'suspect')
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
      this.#answer.by,
      this.#control.nudgeAt,
      this.#channel.sentAt + this.#timings.heartbeatMs,
      this.#heardAt + this.#timings.suspectMs,
    )
  }

  #probe(now: number): void {
    this.#probes++
    this.#channel.sendHeartbeat(true, now)
    this.#timer.by(now + probeEveryMs)
  }

  #sendHeartbeat(now: number): void {
    this.#answer.given()
    this.#channel.sendHeartbeat(false, now)
    this.#timer.by(now + this.#timings.heartbeatMs)
  }

  #end(reason: LinkCloseReason, cause?: unknown): void {
    if (this.#state === 'closed') return
    const before = this.#state
    this.#state = 'closed'
    this.#timer.stop()
    this.#gate.close()
    this.#events.forgetWaiting()
    this.#redialer.stop()
    // A local close lingers, for the other side to hear of it.
    if (reason !== 'local' || !this.#connected) this.#carrier.close()
    if (before === 'connecting') this.#options.failed(this, cause)
    this.#events.emit('closed', cause === undefined ? { reason } : { reason, cause })
  }
}
