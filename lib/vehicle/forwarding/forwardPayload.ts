import { BitReader, BitWriter } from '../../core/index.ts'
import { statePayloadBytes } from '../../rtc/index.ts'
import { areValid, emptyKnown, readCodes, truckBits, type Known } from '../codec/index.ts'
import { timeBits, timeStepsPerMs } from '../sampleTime.ts'

/** First byte of a state payload that carries vehicles of others; a member's own have 1, channels 2. */
export const forwardPayloadKind = 3

const headerBits = 8 + 8
const slotBits = 16
const tagBits = 16
const ageBits = 20
const mostAge = 2 ** ageBits - 1
/** Bits before the canonical bits of each vehicle. */
const leadBits = slotBits + tagBits + ageBits
/** Most vehicles that fit one datagram, all without trailers. */
const mostVehicles = Math.floor((statePayloadBytes * 8 - headerBits) / (leadBits + timeBits + truckBits))

/** Writes payloads with vehicles of others ([FWD-4]), always into the same buffer. Allocates one view for each. */
export class ForwardEncoder {
  readonly #buffer = new Uint8Array(statePayloadBytes)
  readonly #writer = new BitWriter(this.#buffer)
  #count = 0

  /** Begins a payload. */
  begin(): void {
    this.#writer.reset()
    this.#writer.write(forwardPayloadKind, 8)
    this.#writer.write(0, 8)
    this.#count = 0
  }

  /**
   * Adds the newest sample of a member; its canonical bytes are written bit by bit behind one another.
   * @param canonicalBits - how many of them count: the bytes are filled with zero bits.
   */
  add(slot: number, tag: number, ageMs: number, canonical: Uint8Array, canonicalBits: number): void {
    const writer = this.#writer
    writer.write(slot, slotBits)
    writer.write(tag, tagBits)
    writer.write(Math.min(mostAge, Math.max(0, Math.round(ageMs * timeStepsPerMs))), ageBits)
    for (let bit = 0; bit < canonicalBits; bit += 8) {
      const width = Math.min(8, canonicalBits - bit)
      writer.write((canonical[bit >>> 3] ?? 0) >>> (8 - width), width)
    }
    this.#count++
    this.#buffer[1] = this.#count
  }

  /** How many vehicles it holds so far. */
  get count(): number {
    return this.#count
  }

  /** The payload; valid until the next one begins. */
  finish(): Uint8Array {
    return this.#writer.view()
  }
}

/** One forwarded vehicle as it was read; reused for the next. */
export interface ForwardedUpdate {
  /** Of the member that drives it. */
  slot: number
  tag: number
  /** How old the sample was when it was forwarded, ms. */
  ageMs: number
  /** Its time and codes: it stands on no other, so that nothing is known of how its motion changes. */
  readonly update: Known
}

/** Reads payloads, without allocating. A payload is checked whole before any of its vehicles is handed out. */
export class ForwardDecoder {
  readonly #reader = new BitReader(new Uint8Array(0))
  readonly #forwarded: ForwardedUpdate = {
    slot: 0,
    tag: 0,
    ageMs: 0,
    update: emptyKnown(),
  }
  #count = 0

  /** Checks `payload`; false when it is malformed. */
  open(payload: Uint8Array): boolean {
    if (payload.length > statePayloadBytes || !this.#readHeader(payload)) return false
    for (let vehicle = 0; vehicle < this.#count; vehicle++) if (!this.#readNext()) return false
    const padding = this.#reader.remaining
    return padding < 8 && (padding === 0 || this.#reader.read(padding) === 0)
  }

  /** Hands each vehicle of `payload`, which must have passed {@link ForwardDecoder.open}, to `visit`. */
  forEach(payload: Uint8Array, visit: (forwarded: Readonly<ForwardedUpdate>) => void): void {
    this.#readHeader(payload)
    for (let vehicle = 0; vehicle < this.#count; vehicle++) {
      this.#readNext()
      visit(this.#forwarded)
    }
  }

  #readHeader(payload: Uint8Array): boolean {
    const reader = this.#reader
    reader.reset(payload)
    const kind = reader.read(8)
    this.#count = reader.read(8)
    return kind === forwardPayloadKind && this.#count >= 1 && this.#count <= mostVehicles
  }

  #readNext(): boolean {
    const reader = this.#reader
    const forwarded = this.#forwarded
    forwarded.slot = reader.read(slotBits)
    forwarded.tag = reader.read(tagBits)
    forwarded.ageMs = reader.read(ageBits) / timeStepsPerMs
    forwarded.update.ticks = reader.read(timeBits)
    return readCodes(reader, forwarded.update.codes) && areValid(forwarded.update.codes)
  }
}
