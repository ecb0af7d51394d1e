import type { SentSample } from '../publishedVehicle.ts'
import { timeStepsPerMs } from '../sampleTime.ts'
import { hashOfSample, maxCanonicalBytes, writeCanonical } from './canonicalUpdate.ts'
import { sampleHashBytes, samplesPerDigest, ticksPerDigest } from './constants.ts'
import type { PublishedSamples } from './digest.ts'

/**
 * What this member published since its last digest, in the order of time: a publisher never goes back. Noting a sample
 * allocates nothing once there were as many before; hashes are made once a second.
 */
export class SampleLog {
  readonly #samples: number
  /** Room for one sample each, made when it is needed first: few publishers come near what a digest may name. */
  readonly #bytes: Uint8Array[] = []
  readonly #lengths: Uint8Array
  /** When each was sampled, ¼ ms, not modulo anything. */
  readonly #times: Float64Array
  #count = 0
  #sent = false
  #overflown = false

  /** @param samples - how many one digest may name. */
  constructor(samples = samplesPerDigest) {
    this.#samples = samples
    this.#lengths = new Uint8Array(samples)
    this.#times = new Float64Array(samples)
  }

  /** Notes a sample that is sent. */
  note({ sampledAt, ticks, codes }: Readonly<SentSample>): void {
    this.#sent = true
    const time = Math.floor(sampledAt * timeStepsPerMs)
    // No two samples have the same time.
    if (this.#count > 0 && this.#times[this.#count - 1] === time) return
    // What a digest left out would look forged, so none is made of what didn't fit: the samples stay unproved.
    if (this.#count === this.#samples) {
      this.#overflown = true
      return
    }
    const bytes = (this.#bytes[this.#count] ??= new Uint8Array(maxCanonicalBytes))
    this.#lengths[this.#count] = (writeCanonical(bytes, ticks, codes) + 7) >>> 3
    this.#times[this.#count] = time
    this.#count++
  }

  /**
   * Hands out what was published since the last time, and the newest of what was handed out then, so that digests leave
   * no time between them; undefined where nothing was sent.
   */
  take(): PublishedSamples | undefined {
    if (this.#overflown) this.#restart()
    if (!this.#sent) return undefined
    this.#sent = false
    const newest = this.#count - 1
    const to = this.#times[newest] ?? 0
    let oldest = 0
    while (to - (this.#times[oldest] ?? 0) >= ticksPerDigest) oldest++
    const hashes = new Uint8Array((newest + 1 - oldest) * sampleHashBytes)
    for (let index = oldest; index <= newest; index++) {
      const canonical = this.#bytes[index]?.subarray(0, this.#lengths[index])
      if (canonical !== undefined) hashes.set(hashOfSample(canonical), (index - oldest) * sampleHashBytes)
    }
    const from = this.#times[oldest] ?? 0
    this.#keepNewest()
    return { from, to, hashes }
  }

  /** As {@link SampleLog.take}, where nobody wants to know. */
  skip(): void {
    if (this.#overflown) this.#restart()
    this.#keepNewest()
  }

  /** Starts over with the next sample: others were sent unnoted. */
  #restart(): void {
    this.#count = 0
    this.#sent = false
    this.#overflown = false
  }

  #keepNewest(): void {
    const newest = this.#count - 1
    const [oldest] = this.#bytes
    const kept = this.#bytes[newest]
    if (oldest === undefined || kept === undefined) return
    this.#bytes[newest] = oldest
    this.#bytes[0] = kept
    this.#lengths[0] = this.#lengths[newest] ?? 0
    this.#times[0] = this.#times[newest] ?? 0
    this.#count = 1
  }
}
