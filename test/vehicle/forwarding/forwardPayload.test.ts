import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitReader } from '../../../lib/core/index.ts'
import { emptyVehicleState, limits, type VehicleState } from '../../../lib/protocol/index.ts'
import { maxCanonicalBytes, writeCanonical } from '../../../lib/vehicle/forwarding/canonicalUpdate.ts'
import { forwardsPerAsker } from '../../../lib/vehicle/forwarding/constants.ts'
import { ForwardDecoder, ForwardEncoder } from '../../../lib/vehicle/forwarding/forwardPayload.ts'
import { readUpdate } from '../../../lib/vehicle/index.ts'
import { anyState } from '../support/states.ts'

interface Forwarded {
  readonly slot: number
  readonly tag: number
  readonly ageMs: number
  readonly sequence: number
  readonly time: number
  readonly state: VehicleState
}

const forwarded: fc.Arbitrary<Forwarded> = fc.record({
  slot: fc.nat(0xffff),
  tag: fc.nat(0xffffffff),
  ageMs: fc.nat(200_000).map((quarters) => quarters / 4),
  sequence: fc.nat(0xffff),
  time: fc.nat(0xffffff),
  state: anyState,
})

const encoder = new ForwardEncoder()

function canonicalOf({ sequence, time, state }: Forwarded): { bytes: Uint8Array; bits: number } {
  const bytes = new Uint8Array(maxCanonicalBytes)
  return { bytes, bits: writeCanonical(bytes, sequence, time, state) }
}

function payloadOf(all: readonly Forwarded[]): Uint8Array {
  encoder.begin()
  for (const each of all) {
    const { bytes, bits } = canonicalOf(each)
    encoder.add(each.slot, each.tag, each.ageMs, bytes, bits)
  }
  return encoder.finish().slice()
}

describe('a payload of forwarded vehicles', () => {
  it('[FWD-4] gives back every vehicle, to the bit of its canonical bytes', () => {
    fc.assert(
      fc.property(fc.array(forwarded, { minLength: 1, maxLength: forwardsPerAsker }), (all) => {
        const payload = payloadOf(all)
        expect(payload.length).toBeLessThanOrEqual(limits.datagramBytes - 20)
        const decoder = new ForwardDecoder()
        expect(decoder.open(payload)).toBe(true)
        let index = 0
        decoder.forEach(payload, ({ slot, tag, ageMs, update }) => {
          const sent = all[index++] as Forwarded
          expect({ slot, tag, ageMs }).toEqual({ slot: sent.slot, tag: sent.tag, ageMs: sent.ageMs })
          expect(canonicalOf({ ...sent, ...update })).toEqual(canonicalOf(sent))
        })
        expect(index).toBe(all.length)
      }),
      { numRuns: 100 },
    )
  })

  it('[FWD-4] is the same for a state that was read from a link as for the one that was sent', () => {
    fc.assert(
      fc.property(forwarded, (sent) => {
        const { bytes, bits } = canonicalOf(sent)
        const update = { sequence: 0, time: 0, state: emptyVehicleState() }
        expect(readUpdate(new BitReader(bytes), update)).toBe(true)
        expect(canonicalOf({ ...sent, ...update })).toEqual({ bytes, bits })
      }),
    )
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
      const payload = payloadOf([{ slot: 1, tag: 2, ageMs, sequence: 3, time: 4, state }])
      const decoder = new ForwardDecoder()
      decoder.open(payload)
      decoder.forEach(payload, (each) => ages.push(each.ageMs))
    }
    expect(ages).toEqual([0, 0, 0.25, 240_000, (2 ** 20 - 1) / 4])
  })
})
