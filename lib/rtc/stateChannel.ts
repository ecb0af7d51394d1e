import { ConvoyError, type Counters } from '../core/index.ts'
import { limits } from '../protocol/index.ts'
import { ArrivalWindow } from './arrivalWindow.ts'
import { pauseMs, pausePayloads, redialRequests, skipAboveBufferedBytes } from './constants.ts'
import type { ControlChannel } from './controlChannel.ts'
import type { Deliveries, StateHandler } from './link.ts'
import { PathTiming } from './pathTiming.ts'
import { ReusedBytes } from './reusedBytes.ts'
import {
  emptyStateHeader,
  holdSaturated,
  readStateHeader,
  stateFlags,
  stateHeaderLength,
  ticksPerMs,
  toTicks,
  writeStateHeader,
} from './stateHeader.ts'

/** Bytes of payload that fit one datagram. */
export const statePayloadBytes = limits.datagramBytes - stateHeaderLength

const noPayload = new Uint8Array(0)

// Nothing is sent or handed over in parallel, so all links share their buffers.
const outgoing = new ReusedBytes(limits.datagramBytes)
const incoming = new ReusedBytes(statePayloadBytes)
const header = emptyStateHeader()

/** Where a state channel sends its datagrams. */
export interface DatagramSender {
  readonly stateBufferedAmount: number
  sendState(datagram: Uint8Array): void
}

/** Framing on `state`: sequence, times, acknowledgements; newest wins, stale and superseded ones are dropped. */
export class StateChannel implements Deliveries {
  readonly timing = new PathTiming()
  /** How long the other side had heard nothing from here when it sent its newest datagram, ms; 0 where unknown. */
  deafMs = 0
  sentCount = 0
  skippedCount = 0
  backloggedCount = 0
  receivedCount = 0
  bytesSent = 0
  bytesReceived = 0
  handler: StateHandler | undefined
  /** When the last datagram went out. */
  sentAt = -Infinity
  readonly #sender: DatagramSender
  readonly #control: ControlChannel
  readonly #dropped: Counters
  readonly #arrived = new ArrivalWindow()
  readonly #delivered = new ArrivalWindow()
  #sequence = 0
  #echoTicks = 0
  #echoReceivedAt = 0
  // When the first datagram since the last sign of life went out; Infinity if none did.
  #unansweredSince = Infinity
  // Payloads since then.
  #unanswered = 0

  constructor(sender: DatagramSender, control: ControlChannel, dropped: Counters) {
    this.#sender = sender
    this.#control = control
    this.#dropped = dropped
  }

  /** Sequence of the newest datagram sent. */
  get sentSequence(): number {
    return (this.#sequence - 1) & 0xffff
  }

  /** Whether the other side has reported the datagram with `sequence` as arrived, and lately. */
  hasArrived(sequence: number): boolean {
    return this.#delivered.holds(sequence)
  }

  get lossIn(): number {
    return this.#arrived.loss
  }

  get lossOut(): number {
    return this.#delivered.loss
  }

  /**
   * Sends `payload` unless earlier datagrams wait or none was answered for too long.
   * @throws ConvoyError `message-too-large`.
   */
  send(payload: Uint8Array, now: number): boolean {
    if (payload.length > statePayloadBytes) {
      throw new ConvoyError(
        'message-too-large',
        `A state payload holds at most ${statePayloadBytes} bytes; these are ${payload.length}.`,
      )
    }
    const silentMs = now - this.#unansweredSince
    const silent = silentMs > pauseMs + (this.timing.rttMs ?? 0) && this.#unanswered >= pausePayloads
    const waits = !this.#clear()
    if (silent || waits) {
      this.skippedCount++
      if (waits) this.backloggedCount++
      return false
    }
    this.#transmit(stateFlags.payload, payload, now)
    this.#unanswered++
    return true
  }

  /** Sends a datagram without payload; a probe is answered at once. */
  sendHeartbeat(probe: boolean, now: number): void {
    if (this.#clear()) this.#transmit(probe ? stateFlags.probe : 0, noPayload, now)
    // Counts as sent all the same, or it would be tried again without end.
    else this.sentAt = now
  }

  /** Sends a probe over a connection that is to take over; in the same sequence as all others. */
  probeOver(sender: DatagramSender, now: number): void {
    this.#transmit(stateFlags.probe, noPayload, now, sender)
  }

  /** Sends probes that say that nothing was heard for long, which makes the other side dial again ([LNK-71]). */
  askForRedial(now: number): void {
    for (let sent = 0; sent < redialRequests; sent++)
      this.#transmit(stateFlags.probe, noPayload, now, this.#sender, holdSaturated)
  }

  /** Tells the other side that the link is closed, as far as one datagram can. */
  sendClose(now: number): void {
    this.#transmit(stateFlags.close, noPayload, now)
  }

  /** Notes a sign of life. */
  heard(): void {
    this.#unansweredSince = Infinity
    this.#unanswered = 0
  }

  /** Takes a datagram. @returns its flags, or undefined when it was no valid datagram. */
  receive(datagram: Uint8Array, now: number): number | undefined {
    if (datagram.length < stateHeaderLength) return this.#drop('malformed')
    if (datagram.length > limits.datagramBytes) return this.#drop('too-large')
    const refusal = readStateHeader(datagram, header)
    if (refusal !== undefined) return this.#drop(refusal)
    const { flags } = header
    this.receivedCount++
    this.bytesReceived += datagram.length - stateHeaderLength
    const order = this.#arrived.arrive(header.sequence)
    if (order !== 'newest') {
      this.#dropped.add(order === 'older' ? 'superseded' : 'duplicate')
      return flags
    }
    const sentAt = this.timing.sentAt(header.sentTicks)
    const stale = this.timing.receive(sentAt, now)
    this.#echoTicks = header.sentTicks
    this.#echoReceivedAt = now
    this.#control.acknowledge(header.controlReceived, now)
    if ((flags & stateFlags.echo) !== 0) {
      this.deafMs = header.holdTicks / ticksPerMs
      this.#delivered.follow(header.newest, header.arrivals)
      if (!stale) this.timing.receiveEcho(header.echoTicks, header.holdTicks, sentAt, now)
    }
    if ((flags & stateFlags.payload) === 0) return flags
    if (stale) this.#dropped.add('stale')
    else if (this.handler === undefined) this.#dropped.add('unhandled')
    else this.handler(incoming.copyOf(datagram, stateHeaderLength), sentAt, now)
    return flags
  }

  #clear(): boolean {
    return this.#sender.stateBufferedAmount <= skipAboveBufferedBytes
  }

  #transmit(flags: number, payload: Uint8Array, now: number, sender = this.#sender, leastHold = 0): void {
    const echo = this.#arrived.started
    header.flags = echo ? flags | stateFlags.echo : flags
    header.sequence = this.#sequence
    header.sentTicks = toTicks(now)
    header.echoTicks = this.#echoTicks
    const hold = Math.max(leastHold, Math.floor((now - this.#echoReceivedAt) * ticksPerMs))
    header.holdTicks = echo ? Math.min(holdSaturated, hold) : 0
    header.newest = this.#arrived.newest
    header.arrivals = echo ? this.#arrived.arrivals : 0
    header.controlReceived = this.#control.received
    const datagram = outgoing.view(stateHeaderLength + payload.length)
    writeStateHeader(header, datagram)
    datagram.set(payload, stateHeaderLength)
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.sentAt = now
    if (this.#unansweredSince === Infinity) this.#unansweredSince = now
    this.sentCount++
    this.bytesSent += payload.length
    sender.sendState(datagram)
  }

  #drop(reason: string): undefined {
    this.#dropped.add(reason)
    return undefined
  }
}
