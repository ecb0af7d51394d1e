import { maxCanonicalBytes, writeCanonical, type Codes } from '../vehicle/index.ts'
import { samplesKept } from './constants.ts'

/** A sample as it is kept; reused for the next. */
export interface KeptSample {
  /** When it was taken, and when it arrived, on the local clock, ms. */
  sampledAt: number
  receivedAt: number
  /** Whether it came through another member. */
  isForwarded: boolean
  /** Valid until the next one. */
  canonical: Uint8Array
  ticks: number
}

/** The newest samples of one vehicle, the oldest giving way. Adding allocates nothing. */
export class SampleRing {
  readonly #bytes = new Uint8Array(samplesKept * maxCanonicalBytes)
  readonly #lengths = new Uint8Array(samplesKept)
  readonly #ticks = new Int32Array(samplesKept)
  readonly #sampledAt = new Float64Array(samplesKept)
  readonly #receivedAt = new Float64Array(samplesKept)
  readonly #forwarded = new Uint8Array(samplesKept)
  /** A view of each place, made once. */
  readonly #places = Array.from({ length: samplesKept }, (_, place) =>
    this.#bytes.subarray(place * maxCanonicalBytes, (place + 1) * maxCanonicalBytes),
  )
  /** When it was heard of last, be it that nothing changed: in an array, since a fraction in a field may be an object. */
  readonly #heardAt = new Float64Array([-Infinity])
  #next = 0
  #count = 0

  /** Keeps a sample, unless it is the newest once more. */
  add(
    { ticks, codes }: Readonly<{ ticks: number; codes: Codes }>,
    times: Readonly<{ sampledAt: number; receivedAt: number }>,
    isForwarded: boolean,
  ): void {
    this.#heardAt[0] = times.receivedAt
    const newest = (this.#next + samplesKept - 1) % samplesKept
    if (this.#count > 0 && this.#ticks[newest] === ticks) return
    const place = this.#next
    const bytes = this.#places[place]
    if (bytes === undefined) return
    this.#lengths[place] = (writeCanonical(bytes, ticks, codes) + 7) >>> 3
    this.#ticks[place] = ticks
    this.#sampledAt[place] = times.sampledAt
    this.#receivedAt[place] = times.receivedAt
    this.#forwarded[place] = isForwarded ? 1 : 0
    this.#next = (place + 1) % samplesKept
    this.#count = Math.min(samplesKept, this.#count + 1)
  }

  /** When the vehicle was heard of last, local ms; −Infinity for never. A parked one is told of again and again. */
  get heardAt(): number {
    return this.#heardAt[0] ?? -Infinity
  }

  /**
   * Hands out the samples that arrived from `since` on, in the order of their arrival, and before them the one that held
   * then, where the vehicle was still heard of.
   */
  forEach(since: number, visit: (sample: Readonly<KeptSample>) => void): void {
    if (this.heardAt < since) return
    for (let index = 0; index < this.#count; index++) {
      const place = (this.#next + samplesKept - this.#count + index) % samplesKept
      const receivedAt = this.#receivedAt[place] ?? 0
      const isLast = index + 1 === this.#count
      if (receivedAt < since && (isLast ? false : (this.#receivedAt[(place + 1) % samplesKept] ?? 0) < since))
        continue
      visit({
        sampledAt: this.#sampledAt[place] ?? 0,
        receivedAt,
        isForwarded: this.#forwarded[place] === 1,
        canonical: this.#places[place]?.subarray(0, this.#lengths[place]) ?? new Uint8Array(0),
        ticks: this.#ticks[place] ?? 0,
      })
    }
  }
}
