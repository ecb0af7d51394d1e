/** Centimetres: what is smaller counts as this. */
const smallest = 0.01

/** Relative width of a bucket: percentiles are right within half of it. */
const growth = 1.01

/** Buckets up to a thousand kilometres; what is larger counts as that. */
const bucketCount = Math.ceil(Math.log(1e8 / smallest) / Math.log(growth))

/** Percentiles of any number of errors in constant space, in centimetres. Histograms of several bots can be added up. */
export class ErrorHistogram {
  readonly #buckets = new Float64Array(bucketCount)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Allocates nothing. */
  add(errorCm: number): void {
    const bucket = Math.floor(Math.log(Math.max(errorCm, smallest) / smallest) / Math.log(growth))
    const index = Math.min(bucket, bucketCount - 1)
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    this.#count++
  }

  clear(): void {
    this.#buckets.fill(0)
    this.#count = 0
  }

  /** The value that `share` (0…1) of all errors don't exceed; undefined while there is none. */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined
    let remaining = Math.max(1, Math.ceil(share * this.#count))
    const index = this.#buckets.findIndex((count) => (remaining -= count) <= 0)
    return smallest * growth ** (index + 0.5)
  }

  /** Plain data for another process: pairs of bucket and count. */
  toPairs(): [bucket: number, count: number][] {
    return [...this.#buckets.entries()].filter(([, count]) => count > 0)
  }

  /** Adds what {@link ErrorHistogram.toPairs} gave. */
  addPairs(pairs: readonly (readonly [bucket: number, count: number])[]): void {
    for (const [index, count] of pairs) {
      this.#buckets[index] = (this.#buckets[index] ?? 0) + count
      this.#count += count
    }
  }
}
