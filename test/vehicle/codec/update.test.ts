import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeDecoder, RangeEncoder } from '../../../lib/core/index.ts'
import { emptyVehicleState, vehicleFlags } from '../../../lib/protocol/index.ts'
import {
  areValid,
  codeOf,
  emptyKnown,
  rateOf,
  serves,
  startAnew,
  type Known,
} from '../../../lib/vehicle/index.ts'
import { trailerDoubts } from '../../../lib/vehicle/codec/known.ts'
import { SymbolDecoder, SymbolEncoder } from '../../../lib/vehicle/codec/symbols.ts'
import { codeAgainst, codeWhole } from '../../../lib/vehicle/codec/update.ts'
import { anyStep, knownOf } from '../support/known.ts'
import { anyState, stateWith } from '../support/states.ts'
import { eventfulDrive, TruthDrive } from '../support/truckModel.ts'

const range = new RangeEncoder(new Uint8Array(400))
const encoder = new SymbolEncoder(range)

/** What `update` is as bytes, told against `base` or whole. */
function encoded(update: Known, base?: Known, ticks = 0): Uint8Array {
  range.reset()
  if (base === undefined) codeWhole(encoder, update)
  else codeAgainst(encoder, base, update, ticks)
  return range.bytes.slice(0, range.finish())
}

/** What the other side makes of them; its object held something else before. */
function decoded(bytes: Uint8Array, base?: Known, ticks = 0): Known {
  const reader = new RangeDecoder()
  reader.reset(bytes)
  const update = emptyKnown()
  update.codes.fill(-7)
  update.rates.fill(77)
  update.doubts.fill(77)
  if (base === undefined) codeWhole(new SymbolDecoder(reader), update)
  else codeAgainst(new SymbolDecoder(reader), base, update, ticks)
  expect(reader.surplus).toBe(false)
  return update
}

function expectAlike(there: Known, here: Known): void {
  expect(there.codes).toEqual(here.codes)
  const trailers = here.codes[codeOf.trailerCount] ?? 0
  // What is kept of trailers not in use is never read.
  const used = (known: Known): Float64Array[] => [
    known.rates.subarray(0, rateOf.trailers + 3 * trailers),
    known.doubts.subarray(0, trailerDoubts + 3 * trailers),
  ]
  expect(used(there)).toEqual(used(here))
}

describe('a whole update', () => {
  it('[VEH-12] comes back, with rates unknown and doubt as usual', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const here = knownOf(state)
        here.rates.fill(5)
        here.doubts.fill(5)
        const there = decoded(encoded(here))
        expectAlike(there, here)
        const fresh = emptyKnown()
        startAnew(fresh)
        expect([there.rates, there.doubts]).toEqual([fresh.rates, fresh.doubts])
      }),
    )
  })

  it('[VEH-12] takes 210 bits, and 38 for each trailer', () => {
    for (let trailerCount = 0; trailerCount <= 3; trailerCount++) {
      // A speed of −1 step and a last bit of 1 keep zeros from being left out.
      const state = stateWith({ x: 100, velocityZ: -1, trailerCount })
      if (trailerCount > 0) state.trailers.forEach((trailer) => Object.assign(trailer, { roll: -1 / 4_096 }))
      const bytes = encoded(knownOf(state)).length
      expect(bytes).toBeLessThanOrEqual(Math.ceil((210 + 38 * trailerCount) / 8) + 1)
      if (trailerCount > 0) expect(bytes).toBeGreaterThanOrEqual((210 + 38 * trailerCount) / 8)
    }
  })
})

describe('an update against a baseline', () => {
  it('[VEH-13] comes back whatever both are, and leaves rates and doubts the same at both ends', () => {
    fc.assert(
      fc.property(anyStep, ({ base, codes, ticks }) => {
        const here = emptyKnown()
        here.codes.set(codes)
        const there = decoded(encoded(here, base, ticks), base, ticks)
        expect(here.codes).toEqual(codes)
        expectAlike(there, here)
        expect(areValid(there.codes)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it('[VEH-16] keeps rates and doubts finite and within bounds along any chain of updates', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 20, maxLength: 20 }), (steps) => {
        let base = emptyKnown()
        for (const { codes, ticks } of steps) {
          const here = emptyKnown()
          here.codes.set(codes)
          here.codes[codeOf.trailerCount] = 0
          here.codes.fill(0, codeOf.trailers)
          expectAlike(decoded(encoded(here, base, ticks), base, ticks), here)
          // Speeds differ by 128 m/s at most, over 1/64 s; angles of half a turn by half as much again and its own share.
          for (const rate of here.rates) expect(Math.abs(rate)).toBeLessThan(2e6)
          for (const doubt of here.doubts) expect(doubt >= 0 && doubt <= 6).toBe(true)
          base = here
        }
      }),
      { numRuns: 100 },
    )
  })

  it('[VEH-16] takes over rates where baseline and update are too close to show any, or one sample', () => {
    const base = knownOf(stateWith({ x: 5, velocityZ: -20, acceleration: 1 }))
    base.rates.set([3, 0.2, 10, 5])
    for (const ticks of [0, 1, 62]) {
      const update = knownOf(stateWith({ x: 5, velocityZ: -20, acceleration: 1.125 }))
      encoded(update, base, ticks)
      expect(update.rates).toEqual(base.rates)
    }
    const update = knownOf(stateWith({ x: 5, velocityZ: -20, acceleration: 1.125 }))
    encoded(update, base, 63)
    expect(update.rates[rateOf.jerk]).toBeGreaterThan(5)
  })

  it('[VEH-14] costs two bytes and less where nothing moved', () => {
    const parked = knownOf(
      stateWith({
        x: 5_000,
        z: -900,
        heading: 0.3,
        pitch: 0.01,
        trailerCount: 1,
        flags: vehicleFlags.parkBrake,
      }),
    )
    let base = parked
    for (let count = 0; count < 6; count++) {
      const update = emptyKnown()
      update.codes.set(parked.codes)
      expect(encoded(update, base, 2_000).length).toBeLessThanOrEqual(count < 2 ? 2 : 1)
      base = update
    }
  })

  it('[VEH-15] goes on the short way round where the heading passes north', () => {
    const base = knownOf(stateWith({ x: 5, heading: 0.9999, velocityZ: -20, yawRate: 0.02 }))
    const update = knownOf(stateWith({ x: 5, z: -2, heading: 0.0002, velocityZ: -20, yawRate: 0.02 }))
    expect(encoded(update, base, 400).length).toBeLessThan(12)
    const beyond = knownOf(stateWith({ x: 5, z: -2, heading: 0.25, velocityZ: -20, yawRate: 0.02 }))
    expect(decoded(encoded(beyond, base, 400), base, 400).codes[codeOf.heading]).toBe(2_048)
  })

  it('[VEH-14] tells truck and trailer of an eventful drive in 22 bits a tenth of a second, baselines 0.2 s old', () => {
    const drive = new TruthDrive(eventfulDrive(3))
    const all: Known[] = []
    let bits = 0
    for (let ms = 0; ms < drive.durationMs; ms += 100) {
      const state = drive.stateAt(ms)
      // What moves alone: hands and feet are told a few times a second, and cost what they do.
      Object.assign(state, { steering: 0, throttle: 0, brake: 0, gear: 0 })
      const update = knownOf(state)
      const base = all.at(-2)
      if (base !== undefined) bits += encoded(update, base, 800).length * 8
      all.push(update)
    }
    expect(bits / (all.length - 2)).toBeLessThan(22)
  })

  it.each([
    ['with the same trailers', {}, 0, true],
    ['two seconds old', {}, 8_000, true],
    ['older', {}, 8_001, false],
    ['sampled later', {}, -1, false],
    ['with another number of trailers', { trailerCount: 2 }, 0, false],
    ['that is not placed', emptyVehicleState(), 0, false],
  ])('[VEH-6] serves as one %s: %s', (_name, values, age, expected) => {
    const update = knownOf(stateWith({ x: 5, trailerCount: 1 }))
    const state = { ...stateWith({ x: 5, trailerCount: 1 }), ...values }
    const base = knownOf(state, -age & 0xffffff)
    if (age < 0) base.ticks = 1
    expect(serves(base, update.codes, 0)).toBe(expected)
  })
})
