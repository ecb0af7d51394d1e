import { RangeDecoder } from '../../core/index.ts'
import { areValid } from './codes.ts'
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
import { SymbolDecoder } from './symbols.ts'
import { codeAgainst, codeWhole, oldestBaselineTicks } from './update.ts'

/** What became of a payload: taken; of another incarnation; lacking a baseline; or nothing that a sender writes. */
export type PayloadVerdict = 'taken' | 'foreign' | 'baseline' | 'malformed'

/** Takes one vehicle of a payload; `known` stays as it is until it is `ringLength` payloads old. */
export type VehicleVisitor = (index: number, known: Known) => void

// Nothing is decoded in parallel, so all links share these.
const range = new RangeDecoder()
const coder = new SymbolDecoder(range)

/**
 * The vehicles that arrive over one link, as an `OutgoingVehicles` at its other end tells them. A payload is decoded whole
 * before any of its vehicles is handed out, so that a damaged one changes nothing. Allocates nothing once every vehicle was
 * told a few times.
 */
export class IncomingVehicles {
  /** Whether the payload last opened asks for whole updates; known as well where a baseline is lacking. */
  wantsWhole = false
  readonly #rings: (KnownRing | undefined)[] = []
  readonly #indices = new Uint8Array(vehicleIndices)
  #count = 0
  #number = 0
  #back = 2
  #ticks = -1

  /**
   * Decodes `payload`.
   * @param tag - of the incarnation whose vehicles these are to be.
   * @param sentTicks - when its datagram was sent, on the sender's clock, in ¼ ms modulo 2^24.
   */
  open(payload: Uint8Array, tag: number, sentTicks: number): PayloadVerdict {
    this.#count = 0
    this.wantsWhole = false
    if (payload.length < payloadHeaderBytes || payload[0] !== vehiclesPayloadKind) return 'malformed'
    if ((((payload[1] ?? 0) << 8) | (payload[2] ?? 0)) !== tag) return 'foreign'
    this.#number = payload[3] ?? 0
    range.reset(payload, payloadHeaderBytes)
    // Even of a payload that lacks a baseline: where both sides lack one, neither would ever hear of the other's lack.
    this.wantsWhole = codeWantsWhole(coder, false)
    const verdict = this.#decodeVehicles(sentTicks)
    if (verdict === 'taken') this.#keep()
    if (verdict === 'malformed') this.wantsWhole = false
    return verdict
  }

  /** Hands out the vehicles of the payload last opened: none unless it was taken. */
  forEach(visit: VehicleVisitor): void {
    for (let place = 0; place < this.#count; place++) {
      const index = this.#indices[place] ?? 0
      const known = this.#rings[index]?.find(this.#number)?.known
      if (known !== undefined) visit(index, known)
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#rings.length = 0
    this.#count = 0
  }

  #decodeVehicles(sentTicks: number): PayloadVerdict {
    this.#back = 2
    this.#ticks = -1
    let index = -1
    while (codeMore(coder, false, this.#count)) {
      const before = index
      index = codeIndex(coder, before + 1, before)
      if (index <= before || index >= vehicleIndices) return 'malformed'
      const verdict = this.#decodeVehicle(index, sentTicks)
      if (verdict !== 'taken') return verdict
      this.#indices[this.#count++] = index
    }
    return range.surplus ? 'malformed' : 'taken'
  }

  #decodeVehicle(index: number, sentTicks: number): PayloadVerdict {
    const back = codeBack(coder, 0, this.#back)
    if (back < 0 || back >= ringLength) return 'malformed'
    const ring = (this.#rings[index] ??= new KnownRing())
    const base = back === 0 ? undefined : ring.find((this.#number - back + payloadNumbers) % payloadNumbers)
    if (back > 0 && base === undefined) return 'baseline'
    const { known } = ring.take(this.#number)
    known.ticks = codeTime(coder, 0, sentTicks, this.#ticks)
    this.#ticks = known.ticks
    if (base === undefined) {
      codeWhole(coder, known)
    } else {
      this.#back = back
      const ticks = (known.ticks - base.known.ticks) & 0xffffff
      // Payload numbers repeat: this is another update than the one meant.
      if (ticks > oldestBaselineTicks) return 'baseline'
      codeAgainst(coder, base.known, known, ticks)
    }
    return areValid(known.codes) ? 'taken' : 'malformed'
  }

  /** Makes the decoded updates baselines for later ones. */
  #keep(): void {
    for (let place = 0; place < this.#count; place++) {
      const entry = this.#rings[this.#indices[place] ?? 0]?.take(this.#number)
      if (entry !== undefined) entry.number = this.#number
    }
  }
}
