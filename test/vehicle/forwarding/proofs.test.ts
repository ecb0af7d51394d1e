import { describe, expect, it } from 'vitest'
import { toHex } from '../../../lib/core/index.ts'
import { hashOfSample } from '../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import { samplesPerDigest } from '../../../lib/vehicle/forwarding/constants.ts'
import { SampleLog } from '../../../lib/vehicle/forwarding/sampleLog.ts'
import { SampleProofs, type Proof } from '../../../lib/vehicle/forwarding/sampleProofs.ts'
import { stateWith } from '../support/states.ts'

const sampleOf = (value: number): Uint8Array => Uint8Array.of(value, 1, 2, 3)
const digestOf = (first: number, periods: number, ...values: number[]) => ({
  first,
  periods,
  hashes: new Set(values.map((value) => toHex(hashOfSample(sampleOf(value))))),
})

function setUp() {
  const judged: Proof[] = []
  return { judged, proofs: new SampleProofs((proof) => judged.push(proof)) }
}

describe('samples held against digests', () => {
  it('[FWD-6] are proved, or forged, by the digest that covers their sequence, whichever comes first', () => {
    const { judged, proofs } = setUp()
    proofs.addSample(10, sampleOf(1), 0)
    proofs.addSample(11, sampleOf(2), 0)
    proofs.addSample(20, sampleOf(3), 0)
    expect(judged).toEqual([])
    proofs.addDigest(digestOf(10, 10, 1))
    expect(judged).toEqual(['proved', 'forged'])
    proofs.addSample(12, sampleOf(1), 0)
    proofs.addSample(13, sampleOf(4), 0)
    expect(judged).toEqual(['proved', 'forged', 'proved', 'forged'])
    proofs.addDigest(digestOf(20, 1, 3))
    expect(judged.at(-1)).toBe('proved')
  })

  it('[FWD-6] are covered across the end of the sequence numbers', () => {
    const { judged, proofs } = setUp()
    proofs.addSample(0xfffe, sampleOf(1), 0)
    proofs.addSample(3, sampleOf(2), 0)
    proofs.addDigest(digestOf(0x1fffe, 10, 1, 2))
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
  const state = stateWith({ x: 5 })

  it('[FWD-5] hands out each distinct sample of the periods that are over, and begins with a whole period', () => {
    const log = new SampleLog()
    log.startAfter(9)
    log.note(9, 100, state)
    for (let period = 10; period < 15; period++) {
      log.note(period, period * 100, state)
      log.note(period, period * 100, state)
      log.note(period, period * 100 + 1, state)
    }
    expect(log.take(10)).toBeUndefined()
    const first = log.take(14)
    expect(first).toMatchObject({ first: 10, periods: 4 })
    expect(first?.hashes.length).toBe(4 * 2 * 8)
    const second = log.take(15)
    expect(second).toMatchObject({ first: 14, periods: 1 })
    expect(second?.hashes.length).toBe(2 * 8)
    expect(log.take(16)).toBeUndefined()
  })

  it('[FWD-5] says nothing of periods of which it could not hold everything', () => {
    const log = new SampleLog()
    log.startAfter(0)
    for (let index = 0; index <= samplesPerDigest; index++) log.note(1, index, state)
    expect(log.take(2)).toBeUndefined()
    log.note(2, 1, state)
    log.note(3, 2, state)
    expect(log.take(4)).toMatchObject({ first: 3, periods: 1 })
  })
})
