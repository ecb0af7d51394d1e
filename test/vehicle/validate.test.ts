import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConvoyError } from '../../lib/core/index.ts'
import type { VehicleState } from '../../lib/protocol/index.ts'
import { trailerRanges, validateVehicleState, vehicleRanges } from '../../lib/vehicle/index.ts'
import { anyState, stateWith } from './support/states.ts'

function refusal(state: VehicleState): ConvoyError {
  try {
    validateVehicleState(state)
  } catch (error) {
    if (error instanceof ConvoyError) return error
    throw error
  }
  throw new Error('The state was accepted.')
}

const fields = Object.entries(vehicleRanges) as [keyof typeof vehicleRanges, readonly [number, number]][]

describe('checking what the embedding program hands in', () => {
  it('[VEH-20] accepts everything in range', () => {
    fc.assert(fc.property(anyState, (state) => validateVehicleState(state)))
  })

  it.each(fields)(
    '[VEH-20] refuses %s when it is NaN, infinite or out of %j, and names it',
    (field, [min, max]) => {
      for (const wrong of [NaN, Infinity, -Infinity, min - 1, max + 1]) {
        const error = refusal(stateWith({ [field]: wrong }))
        expect(error.code).toBe('invalid-vehicle')
        expect(error.message).toContain(field)
        expect(error.details).toEqual({ field })
      }
    },
  )

  it.each(['flags', 'gear', 'trailerCount'] as const)('[VEH-20] refuses a %s that is not whole', (field) => {
    expect(refusal(stateWith({ [field]: 0.5 })).message).toContain('whole number')
  })

  it.each(Object.keys(trailerRanges) as (keyof typeof trailerRanges)[])(
    '[VEH-20] refuses a wrong %s of a trailer in use, naming the trailer',
    (field) => {
      const state = stateWith({ trailerCount: 2 })
      state.trailers[1][field] = NaN
      expect(refusal(state).details).toEqual({ field: `trailers[1].${field}` })
      state.trailerCount = 1
      expect(() => validateVehicleState(state)).not.toThrow()
    },
  )

  it('[VEH-20] refuses what is no number at all, as JavaScript programs may hand in', () => {
    const state = { ...stateWith({}), rpm: '900' } as unknown as VehicleState
    expect(refusal(state).message).toContain('rpm must be a number')
    const shortOfTrailers = { ...stateWith({ trailerCount: 1 }), trailers: [] } as unknown as VehicleState
    expect(refusal(shortOfTrailers).details).toEqual({ field: 'trailers[0]' })
    const withoutTrailers = {
      ...stateWith({ trailerCount: 1 }),
      trailers: undefined,
    } as unknown as VehicleState
    expect(refusal(withoutTrailers).details).toEqual({ field: 'trailers' })
  })

  it('[VEH-20] takes a heading of either sign, but not one in degrees', () => {
    expect(() => validateVehicleState(stateWith({ heading: -0.25 }))).not.toThrow()
    expect(refusal(stateWith({ heading: 270 })).message).toContain('check its unit')
  })
})
