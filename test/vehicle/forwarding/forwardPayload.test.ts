import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyVehicleState, type VehicleState } from '../../../lib/protocol/index.ts'
import { maxCanonicalBytes, writeCanonical } from '../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import { forwardsPerAsker } from '../../../lib/vehicle/forwarding/constants.ts'
import { ForwardDecoder, ForwardEncoder } from '../../../lib/vehicle/forwarding/forwardPayload.ts'
import { statePayloadBytes } from '../../../lib/rtc/index.ts'
import { codeOf, type Known } from '../../../lib/vehicle/index.ts'
import { knownOf } from '../support/known.ts'
import { anyState } from '../support/states.ts'

interface Forwarded {
  readonly slot: number
  readonly tag: number
  readonly ageMs: number
  readonly ticks: number
  readonly state: VehicleState
}

const forwarded: fc.Arbitrary<Forwarded> = fc.record({
  slot: fc.nat(0xffff),
  tag: fc.nat(0xffff),
  ageMs: fc.nat(200_000).map((quarters) => quarters / 4),
  ticks: fc.nat(0xffffff),
  state: anyState,
})

const encoder = new ForwardEncoder()

function canonicalOf({ ticks, codes }: Known): { bytes: Uint8Array; bits: number } {
  const bytes = new Uint8Array(maxCanonicalBytes)
  return { bytes, bits: writeCanonical(bytes, ticks, codes) }
}

function payloadOf(all: readonly Forwarded[]): Uint8Array {
  encoder.begin()
  for (const each of all) {
    const { bytes, bits } = canonicalOf(knownOf(each.state, each.ticks))
    encoder.add(each.slot, each.tag, each.ageMs, bytes, bits)
  }
  return encoder.finish().slice()
}

describe('a payload of forwarded vehicles', () => {
  it('[FWD-4] gives back every vehicle, to the bit of its canonical bytes', () => {
    fc.assert(
      fc.property(fc.array(forwarded, { minLength: 1, maxLength: forwardsPerAsker }), (all) => {
        const payload = payloadOf(all)
        expect(payload.length).toBeLessThanOrEqual(statePayloadBytes)
        const decoder = new ForwardDecoder()
        expect(decoder.open(payload)).toBe(true)
        let index = 0
        decoder.forEach(payload, ({ slot, tag, ageMs, update }) => {
          const sent = all[index++] as Forwarded
          expect({ slot, tag, ageMs }).toEqual({ slot: sent.slot, tag: sent.tag, ageMs: sent.ageMs })
          expect(canonicalOf(update)).toEqual(canonicalOf(knownOf(sent.state, sent.ticks)))
        })
        expect(index).toBe(all.length)
      }),
      { numRuns: 100 },
    )
  })

  it('[FWD-4] with codes that no state gives is malformed', () => {
    const known = knownOf(emptyVehicleState())
    known.codes[codeOf.steering] = -128
    const { bytes, bits } = canonicalOf(known)
    encoder.begin()
    encoder.add(1, 2, 3, bytes, bits)
    expect(new ForwardDecoder().open(encoder.finish())).toBe(false)
  })

  it('[FWD-4] that is cut short, padded, empty, of another kind or plain noise is malformed', () => {
    const decoder = new ForwardDecoder()
    fc.assert(
      fc.property(fc.array(forwarded, { minLength: 1, maxLength: 3 }), fc.nat(200), (all, cut) => {
        const payload = payloadOf(all)
        expect(decoder.open(payload.subarray(0, Math.max(0, payload.length - 1 - cut)))).toBe(false)
        expect(decoder.open(Uint8Array.of(...payload, 0))).toBe(false)
        expect(decoder.open(payload.with(0, 1))).toBe(false)
        expect(decoder.open(payload.with(1, 0))).toBe(false)
        expect(decoder.open(payload.with(1, all.length + 1))).toBe(false)
      }),
      { numRuns: 50 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1_500 }), (noise) => void decoder.open(noise)))
    expect(decoder.open(new Uint8Array(2_000).fill(3))).toBe(false)
  })

  it('[FWD-4] tells an age of up to four minutes, and no more for an older one', () => {
    const state = emptyVehicleState()
    const ages: number[] = []
    for (const ageMs of [-5, 0, 0.25, 240_000, 1e9]) {
      const payload = payloadOf([{ slot: 1, tag: 2, ageMs, ticks: 4, state }])
      const decoder = new ForwardDecoder()
      decoder.open(payload)
      decoder.forEach(payload, (each) => ages.push(each.ageMs))
    }
    expect(ages).toEqual([0, 0, 0.25, 240_000, (2 ** 20 - 1) / 4])
  })
})
