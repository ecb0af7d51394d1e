import { RangeEncoder } from '../../core/index.ts'
import type { Deliveries } from '../../rtc/index.ts'
import type { Codes } from './codes.ts'
import type { Known } from './known.ts'
import { KnownRing, payloadNumbers, ringLength } from './knownRing.ts'
import {
  codeBack,
  codeIndex,
  codeMore,
  codeTime,
  codeWantsWhole,
  payloadHeaderBytes,
  vehicleIndices,
  vehiclesPayloadKind,
} from './payload.ts'
import { SymbolEncoder } from './symbols.ts'
import { codeAgainst, codeWhole, serves } from './update.ts'

/** Bytes that one more vehicle may take at most: 33 residuals, each escaped with 8 + 2 × 27 bits. */
const largestVehicleBytes = 260

/** What payloads are written with, shared by all links: only one is under way at a time. */
export class PayloadBuffers {
  readonly bytes: Uint8Array
  /** Of each length that a payload had so far, made once. */
  readonly #views: (Uint8Array | undefined)[] = []
  readonly range: RangeEncoder
  readonly coder: SymbolEncoder

  /** @param capacity - bytes that a payload may have. */
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
    this.range = new RangeEncoder(this.bytes)
    this.coder = new SymbolEncoder(this.range)
  }

  /** The first `length` bytes. */
  view(length: number): Uint8Array {
    return (this.#views[length] ??= this.bytes.subarray(0, length))
  }
}

/**
 * The vehicles sent over one link: each update told against the newest one that is known to have arrived, whole where there
 * is none. A payload is begun, filled and finished; once it is sent, `sent` makes its updates baselines for later ones.
 * Allocates nothing once every vehicle was sent a few times.
 */
export class OutgoingVehicles {
  /** Whether the next payloads ask for whole updates. */
  wantsWhole = false
  readonly #deliveries: Deliveries
  readonly #tag: number
  readonly #buffer: Uint8Array
  readonly #buffers: PayloadBuffers
  readonly #range: RangeEncoder
  readonly #coder: SymbolEncoder
  readonly #rings: (KnownRing | undefined)[] = []
  // Indices of the vehicles in the payload under way.
  readonly #added = new Uint8Array(vehicleIndices)
  #count = 0
  #number = 0
  #back = 2
  #ticks = -1
  #index = -1

  /**
   * @param tag - see `incarnationTag`.
   */
  constructor(deliveries: Deliveries, tag: number, buffers: PayloadBuffers) {
    this.#deliveries = deliveries
    this.#tag = tag
    this.#buffer = buffers.bytes
    this.#buffers = buffers
    this.#range = buffers.range
    this.#coder = buffers.coder
  }

  /** Begins a payload. */
  begin(): void {
    this.#buffer[0] = vehiclesPayloadKind
    this.#buffer[1] = this.#tag >>> 8
    this.#buffer[2] = this.#tag
    this.#buffer[3] = this.#number
    this.#range.reset(payloadHeaderBytes)
    this.#count = 0
    this.#back = 2
    this.#ticks = -1
    this.#index = -1
    codeWantsWhole(this.#coder, this.wantsWhole)
  }

  /** Whether another vehicle fits the payload, whatever it takes. */
  get hasRoom(): boolean {
    return this.#range.length + largestVehicleBytes <= this.#buffer.length
  }

  /**
   * Adds a vehicle, in ascending order of `index`, which must be below `vehicleIndices`.
   * @param ticks - when it was sampled, ¼ ms modulo 2^24; `sentTicks` is now.
   * @returns what the other side will hold of it: valid until it is `ringLength` payloads old.
   */
  add(index: number, codes: Codes, ticks: number, sentTicks: number): Known {
    const coder = this.#coder
    const ring = (this.#rings[index] ??= new KnownRing())
    const back = this.#baseline(ring, codes, ticks)
    // Payload numbers repeat: what has the number of this payload is older than any baseline.
    const base = back === 0 ? undefined : ring.find((this.#number - back + payloadNumbers) % payloadNumbers)
    const entry = ring.take(this.#number)
    const { known } = entry
    known.codes.set(codes)
    known.ticks = ticks
    codeMore(coder, true, this.#count)
    codeIndex(coder, index, this.#index)
    codeBack(coder, back, this.#back)
    codeTime(coder, ticks, sentTicks, this.#ticks)
    if (base === undefined) {
      codeWhole(coder, known)
    } else {
      this.#back = back
      codeAgainst(coder, base.known, known, (ticks - base.known.ticks) & 0xffffff)
    }
    this.#ticks = ticks
    this.#index = index
    this.#added[this.#count++] = index
    return known
  }

  /** Ends the payload. @returns its bytes, valid until the next is begun on the same buffers. */
  finish(): Uint8Array {
    codeMore(this.#coder, false, this.#count)
    return this.#buffers.view(this.#range.finish())
  }

  /** The payload went out in the datagram with `sequence`. One that didn't needs no word. */
  sent(sequence: number): void {
    for (let place = 0; place < this.#count; place++) {
      const entry = this.#rings[this.#added[place] ?? 0]?.take(this.#number)
      if (entry === undefined) continue
      entry.number = this.#number
      entry.sequence = sequence
    }
    this.#number = (this.#number + 1) % payloadNumbers
  }

  /** Tells every vehicle anew: the other side lacks what it would be told against. */
  restart(): void {
    for (const ring of this.#rings) ring?.clear()
  }

  /** Forgets a vehicle. */
  forget(index: number): void {
    this.#rings[index]?.clear()
  }

  /** Payloads back to the newest update that has arrived and serves as a baseline; 0 for none. */
  #baseline(ring: KnownRing, codes: Codes, ticks: number): number {
    for (let back = 1; back < ringLength; back++) {
      const entry = ring.find((this.#number - back + payloadNumbers) % payloadNumbers)
      if (entry === undefined || !this.#deliveries.hasArrived(entry.sequence)) continue
      return serves(entry.known, codes, ticks) ? back : 0
    }
    return 0
  }
}
