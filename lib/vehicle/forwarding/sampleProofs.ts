import { toHex } from '../../core/index.ts'
import { hashOfSample } from './canonicalUpdate.ts'
import { digestsKept, proofWaitMs } from './constants.ts'
import type { Digest } from './digest.ts'

/** What is known of a forwarded sample: its origin signed it; said it sent another; or has said nothing (yet). */
export type Proof = 'proved' | 'forged' | 'unproved'

interface WaitingSample {
  readonly ticks: number
  readonly hash: string
  readonly since: number
}

/** Holds samples of one origin, that came by one way, against the digests that came the same way ([FWD-6]). */
export class SampleProofs {
  readonly #judged: (proof: Proof) => void
  #waiting: WaitingSample[] = []
  #digests: Digest[] = []

  /** @param judged - told of each sample once. */
  constructor(judged: (proof: Proof) => void) {
    this.#judged = judged
  }

  /** Takes a sample that was taken at `ticks`, as its canonical bytes. */
  addSample(ticks: number, canonical: Uint8Array, now: number): void {
    const sample = { ticks, hash: toHex(hashOfSample(canonical)), since: now }
    const digest = this.#digests.find((each) => covers(each, ticks))
    if (digest === undefined) this.#waiting.push(sample)
    else this.#judged(proofBy(digest, sample))
  }

  /** Takes a digest that its origin signed. */
  addDigest(digest: Digest): void {
    this.#digests = [digest, ...this.#digests.slice(0, digestsKept - 1)]
    const covered = this.#waiting.filter(({ ticks }) => covers(digest, ticks))
    this.#waiting = this.#waiting.filter(({ ticks }) => !covers(digest, ticks))
    for (const sample of covered) this.#judged(proofBy(digest, sample))
  }

  /** Gives up on samples that waited too long. */
  expire(now: number): void {
    while (now - (this.#waiting[0]?.since ?? now) > proofWaitMs) {
      this.#waiting.shift()
      this.#judged('unproved')
    }
  }

  /** Starts over: samples come by another way from now on, and nobody is judged by what came by the former. */
  reset(): void {
    this.#digests = []
    for (let left = this.#waiting.splice(0).length; left > 0; left--) this.#judged('unproved')
  }
}

function covers({ from, to }: Digest, ticks: number): boolean {
  // Modulo 2^24, so that it may wrap within a digest.
  return ((ticks - from) & 0xffffff) <= to - from
}

function proofBy(digest: Digest, { hash }: WaitingSample): Proof {
  return digest.hashes.has(hash) ? 'proved' : 'forged'
}
