import type { Cancel, Counters, RandomSource } from '../core/index.ts'
import type { NetworkConditions } from './conditions.ts'
import { controlRetryAtMostMs, controlRetryMs, longestQueueMs, packetBytes } from './constants.ts'
import type { SimulatedClock } from './simulatedClock.ts'
import { copyOnSlab } from './slab.ts'

/** What happened to what was sent, by name. */
export type NetworkCount =
  | 'datagrams-sent'
  | 'datagrams-delivered'
  | 'datagrams-lost'
  | 'datagrams-blocked'
  | 'datagrams-overflowed'
  | 'datagrams-duplicated'
  | 'datagrams-reordered'
  | 'control-sent'
  | 'control-delivered'
  | 'control-repeated'
  | 'connections-opened'
  | 'connections-failed'
  | 'handshakes-repeated'
  | 'signals-refused'

/** The world a {@link OneWayPath} lies in. */
export interface PathSurroundings {
  readonly clock: SimulatedClock
  readonly counters: Counters<NetworkCount>
  /** Its own luck, for datagrams and for control apart: one does not change the other's. */
  readonly datagramRandom: RandomSource
  readonly controlRandom: RandomSource
  conditions(): NetworkConditions
  /** Whether nothing passes at all for now. */
  blocked(): boolean
}

/** The far end of a {@link OneWayPath}. */
export interface PathReceiver {
  datagram(bytes: Uint8Array): void
  control(bytes: Uint8Array): void
  /** The near end closed. */
  closed(): void
}

interface ControlMessage {
  readonly sequence: number
  readonly bytes: Uint8Array
  packets: number
  tries: number
  cancelRetry: Cancel | undefined
}

/** One direction of a simulated connection: lossy datagrams, and control as SCTP would carry it. */
export class OneWayPath {
  readonly #around: PathSurroundings
  readonly #receiver: PathReceiver
  /** When the last packet that keeps its order arrives. */
  #lastArrival = 0
  /** When the queue in front of a slow path is empty. */
  #freeAt = 0
  #nextSequence = 0
  /** Control messages that did not get through yet. */
  readonly #unsent = new Set<ControlMessage>()
  #unsentBytes = 0
  /** Control messages that arrived before an earlier one, by number. */
  readonly #early = new Map<number, Uint8Array>()
  #nextDelivery = 0

  constructor(around: PathSurroundings, receiver: PathReceiver) {
    this.#around = around
    this.#receiver = receiver
  }

  /** Bytes that wait in front of a slow path. */
  get queuedBytes(): number {
    const { bandwidthKbps } = this.#around.conditions()
    if (bandwidthKbps === undefined) return 0
    return Math.ceil((Math.max(0, this.#freeAt - this.#around.clock.now()) * bandwidthKbps) / 8)
  }

  /** Bytes of control messages that did not get through yet. */
  get unsentControlBytes(): number {
    return this.#unsentBytes
  }

  sendDatagram(bytes: Uint8Array): void {
    const { counters, datagramRandom } = this.#around
    const conditions = this.#around.conditions()
    counters.add('datagrams-sent')
    // Always the same number of draws, so that a rate that changes leaves the rest of the luck as it was.
    const lost = chance(datagramRandom, conditions.lossPercent)
    const duplicated = chance(datagramRandom, conditions.duplicatePercent)
    const reordered = chance(datagramRandom, conditions.reorderPercent)
    const spread = datagramRandom.next()
    const extra = datagramRandom.next()
    if (this.#around.blocked()) return counters.add('datagrams-blocked')
    const departure = this.#departure(bytes.length, conditions)
    if (departure === undefined) return counters.add('datagrams-overflowed')
    if (lost) return counters.add('datagrams-lost')
    const arrival = this.#inOrder(departure + transit(conditions, spread))
    if (reordered) counters.add('datagrams-reordered')
    this.#deliverDatagram(reordered ? arrival + conditions.reorderMs * (0.5 + extra / 2) : arrival, bytes)
    if (!duplicated) return
    counters.add('datagrams-duplicated')
    this.#deliverDatagram(arrival + conditions.reorderMs * extra, bytes)
  }

  sendControl(bytes: Uint8Array): void {
    this.#around.counters.add('control-sent')
    const packets = Math.max(1, Math.ceil(bytes.length / packetBytes))
    const message = {
      sequence: this.#nextSequence++,
      bytes: copyOnSlab(bytes),
      packets,
      tries: 0,
      cancelRetry: undefined,
    }
    this.#unsent.add(message)
    this.#unsentBytes += bytes.length
    this.#transmit(message)
  }

  /** Tells the far end that this one closed, if that message gets through: nobody is left to repeat it. */
  sendClose(): void {
    const conditions = this.#around.conditions()
    const lost = chance(this.#around.controlRandom, conditions.lossPercent)
    this.stop()
    if (lost || this.#around.blocked()) return
    const arrival = this.#around.clock.now() + transit(conditions, this.#around.controlRandom.next())
    this.#around.clock.at(this.#inOrder(arrival), () => this.#receiver.closed())
  }

  /** How long a step of a handshake takes this way; undefined when it is lost. */
  handshakeTransit(): number | undefined {
    const { controlRandom } = this.#around
    const conditions = this.#around.conditions()
    const lost = chance(controlRandom, conditions.lossPercent)
    const spread = controlRandom.next()
    return lost || this.#around.blocked() ? undefined : transit(conditions, spread)
  }

  /** Gives up what did not get through. What is on its way arrives. */
  stop(): void {
    for (const message of this.#unsent) message.cancelRetry?.()
    this.#unsent.clear()
    this.#unsentBytes = 0
  }

  #deliverDatagram(arrival: number, bytes: Uint8Array): void {
    const copy = copyOnSlab(bytes)
    this.#around.clock.at(arrival, () => this.#receiver.datagram(copy))
  }

  #transmit(message: ControlMessage): void {
    const { clock, controlRandom } = this.#around
    const conditions = this.#around.conditions()
    const departure = this.#around.blocked()
      ? undefined
      : this.#departure(Math.min(message.bytes.length, message.packets * packetBytes), conditions)
    let lostPackets = departure === undefined ? message.packets : 0
    if (departure !== undefined) {
      for (let packet = 0; packet < message.packets; packet++) {
        if (chance(controlRandom, conditions.lossPercent)) lostPackets++
      }
    }
    if (lostPackets === 0 && departure !== undefined) {
      this.#unsent.delete(message)
      this.#unsentBytes -= message.bytes.length
      const arrival = this.#inOrder(departure + transit(conditions, controlRandom.next()))
      clock.at(arrival, () => this.#arrive(message))
      return
    }
    message.packets = lostPackets
    const roundTripMs = 2 * (conditions.delayMs + conditions.jitterMs)
    const retryMs = Math.min(
      roundTripMs + controlRetryMs * 2 ** message.tries,
      roundTripMs + controlRetryAtMostMs,
    )
    message.tries++
    message.cancelRetry = clock.after(retryMs, () => {
      this.#around.counters.add('control-repeated')
      this.#transmit(message)
    })
  }

  #arrive(message: ControlMessage): void {
    this.#early.set(message.sequence, message.bytes)
    for (;;) {
      const bytes = this.#early.get(this.#nextDelivery)
      if (bytes === undefined) return
      this.#early.delete(this.#nextDelivery++)
      this.#receiver.control(bytes)
    }
  }

  /** When the last bit of `length` bytes has left; undefined when the queue is full. */
  #departure(length: number, { bandwidthKbps }: NetworkConditions): number | undefined {
    const now = this.#around.clock.now()
    if (bandwidthKbps === undefined) return now
    const start = Math.max(now, this.#freeAt)
    if (start - now > longestQueueMs) return undefined
    this.#freeAt = start + (length * 8) / bandwidthKbps
    return this.#freeAt
  }

  #inOrder(arrival: number): number {
    this.#lastArrival = Math.max(arrival, this.#lastArrival)
    return this.#lastArrival
  }
}

function chance(random: RandomSource, percent: number): boolean {
  return random.next() * 100 < percent
}

/** Delay with jitter: `spread` is 0…1. */
function transit({ delayMs, jitterMs }: NetworkConditions, spread: number): number {
  return Math.max(0, delayMs + jitterMs * (2 * spread - 1))
}
