import fc from 'fast-check'
import { emptyVehicleState, type VehicleState } from '../../../lib/protocol/index.ts'
import {
  codeOf,
  dequantise,
  emptyKnown,
  quantise,
  type Codes,
  type Known,
} from '../../../lib/vehicle/index.ts'
import { anyState } from './states.ts'

/** An update of `state`, standing on no baseline. */
export function knownOf(state: Readonly<VehicleState>, ticks = 0): Known {
  const known = emptyKnown()
  quantise(state, known.codes)
  known.ticks = ticks
  return known
}

const rates = fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 13, maxLength: 13 })
const doubts = fc.array(fc.double({ min: 0, max: 6, noNaN: true }), { minLength: 19, maxLength: 19 })

/** Any state with rates and doubts as they come about, and beyond. */
const anyKnown: fc.Arbitrary<Known> = fc.tuple(anyState, rates, doubts).map(([state, rates, doubts]) => {
  const known = knownOf(state)
  known.rates.set(rates)
  known.doubts.set(doubts)
  return known
})

/** A baseline, and what may be told against it `ticks` later: anything at all, or something close to it. */
export interface Step {
  base: Known
  codes: Codes
  ticks: number
}

export const anyStep: fc.Arbitrary<Step> = fc
  .record({
    base: anyKnown,
    other: anyState,
    near: fc.option(fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 27, maxLength: 27 })),
    ticks: fc.oneof(fc.constantFrom(0, 1, 62, 63, 400, 8_000), fc.nat({ max: 8_000 })),
  })
  .map(({ base, other, near, ticks }) => {
    const state = near === null ? other : stateNear(base.codes, near)
    state.trailerCount = base.codes[codeOf.trailerCount] ?? 0
    return { base, codes: knownOf(state).codes, ticks }
  })

function stateNear(codes: Codes, steps: readonly number[]): VehicleState {
  const state = emptyVehicleState()
  dequantise(
    codes.map((code, index) => code + (steps[index] ?? 0)),
    state,
  )
  state.gear = codes[codeOf.gear] ?? 0
  return state
}
