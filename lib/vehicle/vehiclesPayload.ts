import { BitReader, BitWriter } from '../core/index.ts'
import { emptyVehicleState, limits, type VehicleState } from '../protocol/index.ts'
import { bareUpdateBits, maxUpdateBits, readUpdate, writeUpdate, type VehicleUpdate } from './codec.ts'
import { linkHeaderBytes } from './constants.ts'

/**
 * The state payload that carries vehicles, docs/protocol/05-vehicle.md [VEH-1] to [VEH-4]: kind, incarnation tag, count, then
 * each vehicle's index and update, bit-packed.
 */

/** First byte of a state payload that carries full vehicle updates. */
export const vehiclesPayloadKind = 1
/** Index of the vehicle that the member itself drives. */
export const ownVehicleIndex = 0

const headerBits = 8 + 32 + 8
const indexBits = 8
const payloadBits = (limits.datagramBytes - linkHeaderBytes) * 8

/** Most vehicles that fit one datagram, all without trailers. */
export const maxVehiclesPerPayload = Math.floor((payloadBits - headerBits) / (indexBits + bareUpdateBits))

/** Bytes of the largest payload with one vehicle. */
export const maxOwnPayloadBytes = Math.ceil((headerBits + indexBits + maxUpdateBits) / 8)

/**
 * The 32 bits of a member's incarnation id that go with its vehicles.
 * @param incarnation - 8 random bytes that name one process of a member.
 */
export function incarnationTag(incarnation: Uint8Array): number {
  const view = new DataView(incarnation.buffer, incarnation.byteOffset, incarnation.byteLength)
  return view.getUint32(0)
}

/** Writes payloads with the one vehicle that the member drives, always into the same buffer. */
export class OwnVehicleEncoder {
  readonly #buffer = new Uint8Array(maxOwnPayloadBytes)
  readonly #writer = new BitWriter(this.#buffer)
  // Views made once: one for each length that a payload can have.
  readonly #views = Array.from({ length: maxOwnPayloadBytes + 1 }, (_, length) =>
    this.#buffer.subarray(0, length),
  )

  /** See {@link incarnationTag}; it changes when the member comes back as another incarnation. */
  tag: number

  constructor(tag: number) {
    this.tag = tag
  }

  /** The payload; valid until the next call. Allocates nothing. */
  encode(sequence: number, time: number, state: VehicleState): Uint8Array {
    const writer = this.#writer
    writer.reset()
    writer.write(vehiclesPayloadKind, 8)
    writer.write(this.tag, 32)
    writer.write(1, 8)
    writer.write(ownVehicleIndex, indexBits)
    writeUpdate(writer, sequence, time, state)
    return this.#views[writer.byteLength] ?? this.#buffer
  }
}

/** Takes one vehicle of a payload; `update` is reused for the next. */
export type VehicleVisitor = (index: number, update: Readonly<VehicleUpdate>) => void

/**
 * Reads payloads, without allocating. A payload is checked whole before any of its vehicles is handed out, so
 * that a damaged one changes nothing.
 */
export class VehiclesDecoder {
  readonly #reader = new BitReader(new Uint8Array(0))
  readonly #update: VehicleUpdate = { sequence: 0, time: 0, state: emptyVehicleState() }
  #count = 0

  /** Incarnation tag of the payload last opened. */
  tag = 0

  /** Checks `payload`; false when it is malformed. */
  open(payload: Uint8Array): boolean {
    if (payload.length * 8 > payloadBits || !this.#readHeader(payload)) return false
    for (let vehicle = 0; vehicle < this.#count; vehicle++) {
      this.#reader.read(indexBits)
      if (!readUpdate(this.#reader, this.#update)) return false
    }
    const padding = this.#reader.remaining
    return padding < 8 && (padding === 0 || this.#reader.read(padding) === 0)
  }

  /** Hands each vehicle of `payload`, which must have passed {@link VehiclesDecoder.open}, to `visit`. */
  forEach(payload: Uint8Array, visit: VehicleVisitor): void {
    this.#readHeader(payload)
    for (let vehicle = 0; vehicle < this.#count; vehicle++) {
      const index = this.#reader.read(indexBits)
      readUpdate(this.#reader, this.#update)
      visit(index, this.#update)
    }
  }

  #readHeader(payload: Uint8Array): boolean {
    const reader = this.#reader
    reader.reset(payload)
    const kind = reader.read(8)
    this.tag = reader.read(32)
    this.#count = reader.read(8)
    return (
      !reader.overrun &&
      kind === vehiclesPayloadKind &&
      this.#count >= 1 &&
      this.#count <= maxVehiclesPerPayload
    )
  }
}
