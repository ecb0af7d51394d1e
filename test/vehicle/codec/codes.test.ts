import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitReader, BitWriter } from '../../../lib/core/index.ts'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../../../lib/protocol/index.ts'
import {
  areValid,
  codeOf,
  dequantise,
  emptyCodes,
  isHidden,
  maxCodesBytes,
  quantise,
  readCodes,
  validateVehicleState,
  writeCodes,
  type Codes,
} from '../../../lib/vehicle/index.ts'
import { anyState, stateWith } from '../support/states.ts'
import { along } from '../support/truckModel.ts'

function codesOf(state: VehicleState): Codes {
  const codes = emptyCodes()
  quantise(state, codes)
  return codes
}

function roundTrip(state: VehicleState): VehicleState {
  const back = emptyVehicleState()
  dequantise(codesOf(state), back)
  return back
}

/** Distance between two angles in turns, the short way round. */
function apart(a: number, b: number): number {
  const difference = Math.abs(a - b) % 1
  return Math.min(difference, 1 - difference)
}

/** Centimetres between two points. */
function centimetres(a: readonly number[], b: readonly number[]): number {
  return 100 * Math.hypot(...a.map((value, axis) => value - (b[axis] ?? NaN)))
}

/** Rounding of the arithmetic itself. */
const epsilon = 1e-9

/** States of a truck on the road, not tipped over: what the promise of centimetres is about. */
const onRoad = anyState.map((state) => ({
  ...state,
  // A code short of the last one, which lies a step below the end of the range.
  pitch: state.pitch * 0.4,
  x: state.x * 0.99,
  y: state.y * 0.99,
  z: state.z * 0.99,
  trailers: state.trailers.map((trailer) => ({
    ...trailer,
    pitch: trailer.pitch * 0.1,
  })) as VehicleState['trailers'],
}))

describe('codes', () => {
  /** Half a step, and what the last code of a two's complement range is short of its end. */
  const steps: readonly [field: keyof VehicleState, step: number, upperEnd: number][] = [
    ['x', 1 / 128, 262_144],
    ['y', 1 / 128, 1_536],
    ['z', 1 / 128, 262_144],
    ['pitch', 1 / 8_192, 0.25],
    ['velocityX', 1 / 32, 64],
    ['velocityY', 1 / 32, 64],
    ['velocityZ', 1 / 64, 64],
    ['acceleration', 1 / 8, 16],
    ['yawRate', 1 / 256, 1],
    ['steering', 1 / 127, Infinity],
    ['throttle', 1 / 63, Infinity],
    ['brake', 1 / 63, Infinity],
    ['rpm', 25, Infinity],
  ]
  it.each(steps)(
    '[VEH-19] bring %s back to within half a step of %d over its whole range',
    (field, step, end) => {
      fc.assert(
        fc.property(anyState, (state) => {
          const before = state[field] as number
          const error = Math.abs((roundTrip(state)[field] as number) - before)
          const allowed = before > end - step ? step : step / 2
          expect(error).toBeLessThanOrEqual(allowed + epsilon)
        }),
        { numRuns: 300 },
      )
    },
  )

  it('[VEH-19] bring angles back to within half a step, modulo one turn', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const back = roundTrip(state)
        expect(apart(back.heading, state.heading)).toBeLessThanOrEqual(0.5 / 8_192 + epsilon)
        expect(apart(back.roll, state.roll)).toBeLessThanOrEqual(0.5 / 4_096 + epsilon)
        for (let index = 0; index < state.trailerCount; index++) {
          const roll = state.trailers[index]?.roll ?? NaN
          expect(apart(back.trailers[index]?.roll ?? NaN, roll)).toBeLessThanOrEqual(0.5 / 4_096 + epsilon)
        }
      }),
    )
  })

  it('[VEH-19] round what trailers do in the world, so that errors of one do not add to those of the next', () => {
    fc.assert(
      fc.property(onRoad, (state) => {
        const back = roundTrip(state)
        const sums = { yaw: state.heading, pitch: state.pitch, backYaw: back.heading, backPitch: back.pitch }
        for (let index = 0; index < state.trailerCount; index++) {
          sums.yaw += state.trailers[index]?.yaw ?? NaN
          sums.pitch += state.trailers[index]?.pitch ?? NaN
          sums.backYaw += back.trailers[index]?.yaw ?? NaN
          sums.backPitch += back.trailers[index]?.pitch ?? NaN
          expect(apart(sums.backYaw, sums.yaw)).toBeLessThanOrEqual(0.5 / 8_192 + epsilon)
          expect(apart(sums.backPitch, sums.pitch)).toBeLessThanOrEqual(0.5 / 8_192 + epsilon)
        }
      }),
    )
  })

  it.each([
    [0, 0.9, 0.9],
    [1, 0.9, 1.5],
    [2, 0.9, 2.0],
    [3, 0.9, 2.5],
  ])(
    '[VEH-19] put a truck with %d trailers within %d cm at its front axle and %d cm at its tail, wherever it is',
    (trailerCount, front, rear) => {
      fc.assert(
        fc.property(onRoad, (any) => {
          const state = { ...any, trailerCount }
          const back = roundTrip(state)
          expect(centimetres(along(back, 'front'), along(state, 'front'))).toBeLessThan(front)
          expect(centimetres(along(back, 'tail'), along(state, 'tail'))).toBeLessThan(rear)
        }),
        { numRuns: 2_000 },
      )
    },
  )

  it('[VEH-10] bring flags, gear and trailer count back exactly', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const { flags, gear, trailerCount } = state
        expect(roundTrip(state)).toMatchObject({ flags, gear, trailerCount })
      }),
    )
  })

  it('[VEH-10] are within their ranges for every state, and stand for one within its ranges', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const codes = codesOf(state)
        expect(areValid(codes)).toBe(true)
        const back = roundTrip(state)
        validateVehicleState(back)
        expect(codesOf(back)).toEqual(codes)
      }),
      { numRuns: 1_000 },
    )
  })

  it('[VEH-10] leave out flags that this version does not know, and refuse them', () => {
    const known = Object.values(vehicleFlags).reduce((all: number, flag) => all | flag, 0)
    expect(roundTrip(stateWith({ flags: 0xffff })).flags).toBe(known)
    const codes = emptyCodes()
    codes[codeOf.flags] = known + 1
    expect(areValid(codes)).toBe(false)
  })

  it.each([
    ['x', 2 ** 25],
    ['x', -(2 ** 25) - 1],
    ['y', 196_608],
    ['y', -65_537],
    ['heading', -1],
    ['heading', 8_192],
    ['pitch', 2_048],
    ['velocityZ', 4_096],
    ['acceleration', -129],
    ['yawRate', 256],
    ['steering', -128],
    ['throttle', 64],
    ['brake', -1],
    ['gear', 16],
    ['rpm', 128],
    ['trailerCount', 4],
    ['trailers', 4_096],
  ] as const)('[VEH-10] are refused with %s %d, which no state gives', (name, value) => {
    const codes = emptyCodes()
    codes[codeOf[name]] = value
    expect(areValid(codes)).toBe(false)
  })

  it('[VEH-17] keep zero exactly zero: a parked truck has no speed, an unplaced one stays unplaced', () => {
    expect(roundTrip(emptyVehicleState())).toEqual(emptyVehicleState())
    expect(isHidden(codesOf(emptyVehicleState()))).toBe(true)
    for (const axis of ['x', 'y', 'z']) expect(isHidden(codesOf(stateWith({ [axis]: -1 / 128 })))).toBe(false)
  })

  it('[VEH-19] leave nothing of trailers that are no longer there', () => {
    const codes = emptyCodes()
    const long = stateWith({ trailerCount: 3 })
    for (const trailer of long.trailers) Object.assign(trailer, { yaw: 0.1, pitch: 0.1, roll: 0.1 })
    quantise(long, codes)
    quantise({ ...long, trailerCount: 1 }, codes)
    expect([...codes.subarray(codeOf.trailers)].slice(3)).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe('codes as bytes', () => {
  it('[VEH-11] are the same again once read, whatever the number of trailers', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const codes = codesOf(state)
        const writer = new BitWriter(new Uint8Array(maxCodesBytes))
        writeCodes(writer, codes)
        expect(writer.position).toBe(210 + 38 * state.trailerCount)
        const back = emptyCodes().fill(7)
        expect(readCodes(new BitReader(writer.view()), back)).toBe(true)
        expect(back).toEqual(codes)
      }),
    )
  })

  it('[VEH-11] are refused when cut short at any byte', () => {
    const writer = new BitWriter(new Uint8Array(maxCodesBytes))
    writeCodes(writer, codesOf(stateWith({ x: 5, trailerCount: 3 })))
    const bytes = writer.view()
    for (let length = 0; length < bytes.length; length++) {
      expect(readCodes(new BitReader(bytes.subarray(0, length)), emptyCodes()), `${length} bytes`).toBe(false)
    }
  })
})
