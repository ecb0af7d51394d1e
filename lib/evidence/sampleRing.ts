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

/** Samples that room is made for at a time: who stays briefly, or publishes slowly, takes a fraction of the whole. */
const pageSamples = 60

/** Room for some of the samples. */
class Page {
  readonly lengths = new Uint8Array(pageSamples)
  readonly ticks = new Int32Array(pageSamples)
  readonly sampledAt = new Float64Array(pageSamples)
  readonly receivedAt = new Float64Array(pageSamples)
  readonly forwarded = new Uint8Array(pageSamples)
  /** A view of each place, made once. */
  readonly places: readonly Uint8Array[]

  constructor() {
    const bytes = new Uint8Array(pageSamples * maxCanonicalBytes)
    this.places = Array.from({ length: pageSamples }, (_, place) =>
      bytes.subarray(place * maxCanonicalBytes, (place + 1) * maxCanonicalBytes),
    )
  }
}

/** The newest samples of one vehicle, the oldest giving way. Adding allocates nothing once the oldest do. */
export class SampleRing {
  /** Made when they are reached. */
  readonly #pages: Page[] = []
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
    if (this.#count > 0 && this.#ticksAt((this.#next + samplesKept - 1) % samplesKept) === ticks) return
    const place = this.#next
    const page = (this.#pages[Math.floor(place / pageSamples)] ??= new Page())
    const within = place % pageSamples
    const bytes = page.places[within]
    if (bytes === undefined) return
    page.lengths[within] = (writeCanonical(bytes, ticks, codes) + 7) >>> 3
    page.ticks[within] = ticks
    page.sampledAt[within] = times.sampledAt
    page.receivedAt[within] = times.receivedAt
    page.forwarded[within] = isForwarded ? 1 : 0
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
      const receivedAt = this.#receivedAt(place)
      const isLast = index + 1 === this.#count
      if (receivedAt < since && (isLast ? false : this.#receivedAt((place + 1) % samplesKept) < since))
        continue
      const page = this.#pages[Math.floor(place / pageSamples)]
      if (page === undefined) continue
      const within = place % pageSamples
      visit({
        sampledAt: page.sampledAt[within] ?? 0,
        receivedAt,
        isForwarded: page.forwarded[within] === 1,
        canonical: page.places[within]?.subarray(0, page.lengths[within]) ?? new Uint8Array(0),
        ticks: page.ticks[within] ?? 0,
      })
    }
  }

  #ticksAt(place: number): number {
    return this.#pages[Math.floor(place / pageSamples)]?.ticks[place % pageSamples] ?? 0
  }

  #receivedAt(place: number): number {
    return this.#pages[Math.floor(place / pageSamples)]?.receivedAt[place % pageSamples] ?? 0
  }
}
