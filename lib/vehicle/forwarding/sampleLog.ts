import type { VehicleState } from '../../protocol/index.ts'
import { hashOfSample, maxCanonicalBytes, writeCanonical } from './canonicalUpdate.ts'
import { periodsPerDigest, sampleHashBytes, samplesPerDigest } from './constants.ts'
import type { PublishedSamples } from './digest.ts'

/** What this member published since its last digest. Noting a sample allocates nothing; hashes are made once a second. */
export class SampleLog {
  readonly #bytes = Array.from({ length: samplesPerDigest }, () => new Uint8Array(maxCanonicalBytes))
  readonly #lengths = new Uint8Array(samplesPerDigest)
  readonly #periods = new Float64Array(samplesPerDigest)
  #count = 0
  #from = 0
  #overflown = false

  /** Notes a sample that was sent in period number `period`. */
  note(period: number, time: number, state: Readonly<VehicleState>): void {
    if (period < this.#from) return
    const bytes = this.#bytes[this.#count]
    // What a digest left out would look forged, so none is made of what didn't fit: the samples stay unproved.
    if (bytes === undefined) {
      this.#overflown = true
      return
    }
    const length = (writeCanonical(bytes, period, time, state) + 7) >>> 3
    if (this.#repeatsLast(bytes, length)) return
    this.#lengths[this.#count] = length
    this.#periods[this.#count] = period
    this.#count++
  }

  /**
   * Hands out, and forgets, what was published in the periods before number `end`, the one that goes on; undefined
   * where nothing was.
   */
  take(end: number): PublishedSamples | undefined {
    if (this.#overflown) {
      this.startAfter(end)
      return undefined
    }
    let taken = 0
    while (taken < this.#count && (this.#periods[taken] ?? 0) < end) taken++
    if (taken === 0) return undefined
    const hashes = new Uint8Array(taken * sampleHashBytes)
    for (let index = 0; index < taken; index++) {
      const canonical = this.#bytes[index]?.subarray(0, this.#lengths[index])
      if (canonical !== undefined) hashes.set(hashOfSample(canonical), index * sampleHashBytes)
    }
    const first = Math.max(this.#periods[0] ?? 0, end - periodsPerDigest)
    this.#dropFirst(taken)
    return { first, periods: end - first, hashes }
  }

  /** Starts over with the period after number `period`: of that one, samples may have been sent unnoted. */
  startAfter(period: number): void {
    this.#count = 0
    this.#from = period + 1
    this.#overflown = false
  }

  /** In one period several members are often sent the very same. */
  #repeatsLast(bytes: Uint8Array, length: number): boolean {
    const last = this.#bytes[this.#count - 1]
    if (last === undefined || this.#lengths[this.#count - 1] !== length) return false
    for (let index = 0; index < length; index++) if (last[index] !== bytes[index]) return false
    return true
  }

  #dropFirst(taken: number): void {
    this.#bytes.push(...this.#bytes.splice(0, taken))
    this.#lengths.copyWithin(0, taken)
    this.#periods.copyWithin(0, taken)
    this.#count -= taken
  }
}
