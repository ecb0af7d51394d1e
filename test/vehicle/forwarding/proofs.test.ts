import { describe, expect, it } from 'vitest'
import { toHex } from '../../../lib/core/index.ts'
import { hashOfSample } from '../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import { samplesPerDigest } from '../../../lib/vehicle/forwarding/constants.ts'
import { SampleLog } from '../../../lib/vehicle/forwarding/sampleLog.ts'
import { SampleProofs, type Proof } from '../../../lib/vehicle/forwarding/sampleProofs.ts'
import type { PublishedSamples } from '../../../lib/vehicle/forwarding/digest.ts'
import { knownOf } from '../support/known.ts'
import { stateWith } from '../support/states.ts'

const sampleOf = (value: number): Uint8Array => Uint8Array.of(value, 1, 2, 3)
const digestOf = (from: number, to: number, ...values: number[]) => ({
  from,
  to,
  issuedAt: 0,
  hashes: new Set(values.map((value) => toHex(hashOfSample(sampleOf(value))))),
})

function setUp() {
  const judged: Proof[] = []
  return { judged, proofs: new SampleProofs((proof) => judged.push(proof)) }
}

describe('samples held against digests', () => {
  it('[FWD-6] are proved, or forged, by the digest that covers their time, whichever comes first', () => {
    const { judged, proofs } = setUp()
    proofs.addSample(10, sampleOf(1), 0)
    proofs.addSample(11, sampleOf(2), 0)
    proofs.addSample(20, sampleOf(3), 0)
    expect(judged).toEqual([])
    proofs.addDigest(digestOf(10, 19, 1))
    expect(judged).toEqual(['proved', 'forged'])
    proofs.addSample(12, sampleOf(1), 0)
    proofs.addSample(13, sampleOf(4), 0)
    expect(judged).toEqual(['proved', 'forged', 'proved', 'forged'])
    proofs.addDigest(digestOf(20, 20, 3))
    expect(judged.at(-1)).toBe('proved')
  })

  it('[FWD-6] are covered where times begin again', () => {
    const { judged, proofs } = setUp()
    proofs.addSample(0xfffffe, sampleOf(1), 0)
    proofs.addSample(3, sampleOf(2), 0)
    proofs.addDigest(digestOf(0x1fffffe, 0x2000003, 1, 2))
    expect(judged).toEqual(['proved', 'proved'])
  })

  it('[FWD-6] are unproved once no digest came for five seconds, or the way by which they came is left', () => {
    const { judged, proofs } = setUp()
    proofs.addSample(1, sampleOf(1), 0)
    proofs.addSample(2, sampleOf(2), 3_000)
    proofs.expire(5_000)
    expect(judged).toEqual([])
    proofs.expire(5_001)
    expect(judged).toEqual(['unproved'])
    proofs.reset()
    expect(judged).toEqual(['unproved', 'unproved'])
    proofs.addDigest(digestOf(1, 2, 1, 2))
    expect(judged.length).toBe(2)
  })
})

describe('the log of what was sent', () => {
  const sampleAt = (quarters: number) => ({
    codes: knownOf(stateWith({ x: 5 })).codes,
    sampledAt: quarters / 4,
    ticks: quarters & 0xffffff,
  })
  const hashesIn = (samples: PublishedSamples | undefined): number => (samples?.hashes.length ?? 0) / 8

  it('[FWD-5] hands out each distinct sample once, and goes on where it ended so that no time is left out', () => {
    const log = new SampleLog()
    expect(log.take()).toBeUndefined()
    for (const at of [-40, 0, 0, 200, 200, 400]) log.note(sampleAt(at))
    const first = log.take()
    expect(first).toMatchObject({ from: -40, to: 400 })
    expect(hashesIn(first)).toBe(4)
    for (const at of [600, 800]) log.note(sampleAt(at))
    const second = log.take()
    expect(second).toMatchObject({ from: 400, to: 800 })
    expect(second?.hashes.subarray(0, 8)).toEqual(first?.hashes.subarray(-8))
    expect(hashesIn(second)).toBe(3)
  })

  it('[FWD-5] hands out a sample again that is sent again, and nothing while nothing is sent', () => {
    const log = new SampleLog()
    log.note(sampleAt(100))
    const first = log.take()
    expect(log.take()).toBeUndefined()
    log.note(sampleAt(100))
    expect(log.take()).toEqual(first)
  })

  it('[FWD-5] forgets all but the newest once a second while nobody wants to know', () => {
    const log = new SampleLog()
    log.skip()
    for (const at of [0, 200, 400]) log.note(sampleAt(at))
    log.skip()
    for (const at of [600, 800]) log.note(sampleAt(at))
    expect(log.take()).toMatchObject({ from: 400, to: 800 })
    for (let at = 1_000; at <= 1_000 + samplesPerDigest; at++) log.note(sampleAt(at))
    log.skip()
    log.note(sampleAt(3_000))
    expect(log.take()).toMatchObject({ from: 3_000, to: 3_000 })
  })

  it('[FWD-5] counts on where times on the wire begin again, and leaves out what is longer ago than a digest covers', () => {
    const log = new SampleLog()
    for (const at of [2 ** 24 - 2 ** 20, 2 ** 24 - 10, 2 ** 24 + 5]) log.note(sampleAt(at))
    const samples = log.take()
    expect(samples).toMatchObject({ from: 2 ** 24 - 10, to: 2 ** 24 + 5 })
    expect(hashesIn(samples)).toBe(2)
  })

  it('[FWD-5] says nothing of a time of which it could not hold everything', () => {
    const log = new SampleLog()
    for (let at = 0; at <= samplesPerDigest; at++) log.note(sampleAt(at))
    expect(log.take()).toBeUndefined()
    log.note(sampleAt(1_000))
    log.note(sampleAt(1_001))
    expect(log.take()).toMatchObject({ from: 1_000, to: 1_001 })
  })
})
