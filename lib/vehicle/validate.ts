import { ConvoyError } from '../core/index.ts'
import type { VehicleState } from '../protocol/index.ts'

/** What each number of a vehicle state may be, both ends included; other parts check against the same table. */
export const vehicleRanges = {
  x: [-262_144, 262_144],
  y: [-512, 1_536],
  z: [-262_144, 262_144],
  // A whole turn either way, since programs wrap headings differently; it is encoded modulo one turn. More
  // than that is degrees or radians by mistake.
  heading: [-1, 1],
  pitch: [-0.25, 0.25],
  roll: [-0.5, 0.5],
  velocityX: [-64, 64],
  velocityY: [-64, 64],
  velocityZ: [-64, 64],
  acceleration: [-16, 16],
  yawRate: [-1, 1],
  steering: [-1, 1],
  throttle: [0, 1],
  brake: [0, 1],
  flags: [0, 0xffff],
  gear: [-16, 15],
  rpm: [0, 3_175],
  trailerCount: [0, 3],
} as const satisfies Partial<Record<keyof VehicleState, readonly [number, number]>>

/** What each number of a trailer may be; yaw again a whole turn either way, encoded modulo one turn. */
export const trailerRanges = {
  yaw: [-1, 1],
  pitch: [-0.5, 0.5],
  roll: [-0.5, 0.5],
} as const

type VehicleField = keyof typeof vehicleRanges
type TrailerField = keyof typeof trailerRanges

const vehicleFields = Object.keys(vehicleRanges) as VehicleField[]
const trailerFields = Object.keys(trailerRanges) as TrailerField[]
const wholeFields: ReadonlySet<string> = new Set<VehicleField>(['flags', 'gear', 'trailerCount'])

/**
 * Checks a state that an embedding program hands in: every value finite and in range, counts whole. Nothing is
 * clamped: a value out of range is a mistake in units or axes which the program should hear about. Trailers
 * beyond `trailerCount` are not looked at.
 * @throws ConvoyError `invalid-vehicle` naming the first wrong field, which is also in `details.field`.
 */
export function validateVehicleState(state: VehicleState): void {
  for (const field of vehicleFields) {
    const range = vehicleRanges[field]
    if (!isWithin(state[field], range[0], range[1])) refuseValue(field, state[field], range[0], range[1])
    if (wholeFields.has(field) && !Number.isInteger(state[field])) {
      refuse(field, `must be a whole number, but is ${state[field]}`)
    }
  }
  if (state.trailerCount > 0 && !Array.isArray(state.trailers)) refuse('trailers', 'must be an array')
  for (let index = 0; index < state.trailerCount; index++) {
    const trailer = state.trailers[index]
    if (trailer === undefined) {
      refuse(`trailers[${index}]`, `is missing although trailerCount is ${state.trailerCount}`)
    }
    for (const field of trailerFields) {
      const range = trailerRanges[field]
      const value = trailer[field]
      if (isWithin(value, range[0], range[1])) continue
      refuseValue(`trailers[${index}].${field}`, value, range[0], range[1])
    }
  }
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max
}

function refuseValue(field: string, value: unknown, min: number, max: number): never {
  if (typeof value !== 'number') refuse(field, `must be a number, but is of type ${typeof value}`)
  if (!Number.isFinite(value)) refuse(field, `must be a finite number, but is ${String(value)}`)
  refuse(field, `must be ${min} to ${max}, but is ${String(value)}; check its unit`)
}

function refuse(field: string, problem: string): never {
  throw new ConvoyError('invalid-vehicle', `Vehicle state: ${field} ${problem}.`, { details: { field } })
}
