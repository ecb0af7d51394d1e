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

/**
 * What each number of a trailer may be; yaw again a whole turn either way, encoded modulo one turn. Not in the order of
 * `TrailerState`: engines give objects of one order one layout, and pairs in this one would make each angle of
 * every trailer an object on the heap.
 */
export const trailerRanges = {
  pitch: [-0.5, 0.5],
  roll: [-0.5, 0.5],
  yaw: [-1, 1],
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
  if (!isValid(state)) explain(state)
}

/*
 * Field by field and in parts, not in a loop over the table like `explain`: this runs each time the game gives a state,
 * and functions of this size are compiled without a heap object for each number.
 */

function isValid(state: VehicleState): boolean {
  return isPlaceValid(state) && isMotionValid(state) && areControlsValid(state) && areTrailersValid(state)
}

function isPlaceValid(state: VehicleState): boolean {
  return (
    isWithin(state.x, vehicleRanges.x) &&
    isWithin(state.y, vehicleRanges.y) &&
    isWithin(state.z, vehicleRanges.z) &&
    isWithin(state.heading, vehicleRanges.heading) &&
    isWithin(state.pitch, vehicleRanges.pitch) &&
    isWithin(state.roll, vehicleRanges.roll)
  )
}

function isMotionValid(state: VehicleState): boolean {
  return (
    isWithin(state.velocityX, vehicleRanges.velocityX) &&
    isWithin(state.velocityY, vehicleRanges.velocityY) &&
    isWithin(state.velocityZ, vehicleRanges.velocityZ) &&
    isWithin(state.acceleration, vehicleRanges.acceleration) &&
    isWithin(state.yawRate, vehicleRanges.yawRate)
  )
}

function areControlsValid(state: VehicleState): boolean {
  return (
    isWithin(state.steering, vehicleRanges.steering) &&
    isWithin(state.throttle, vehicleRanges.throttle) &&
    isWithin(state.brake, vehicleRanges.brake) &&
    isWithin(state.rpm, vehicleRanges.rpm) &&
    isWithin(state.flags, vehicleRanges.flags) &&
    Number.isInteger(state.flags) &&
    isWithin(state.gear, vehicleRanges.gear) &&
    Number.isInteger(state.gear)
  )
}

function areTrailersValid({ trailerCount, trailers }: VehicleState): boolean {
  if (!isWithin(trailerCount, vehicleRanges.trailerCount) || !Number.isInteger(trailerCount)) return false
  if (trailerCount > 0 && !Array.isArray(trailers)) return false
  for (let index = 0; index < trailerCount; index++) {
    const trailer = trailers[index]
    if (
      trailer === undefined ||
      !isWithin(trailer.yaw, trailerRanges.yaw) ||
      !isWithin(trailer.pitch, trailerRanges.pitch) ||
      !isWithin(trailer.roll, trailerRanges.roll)
    ) {
      return false
    }
  }
  return true
}

/** Throws for the first field that is wrong. */
function explain(state: VehicleState): void {
  for (const field of vehicleFields) {
    const value = state[field]
    if (!isWithin(value, vehicleRanges[field])) refuseValue(field, value, vehicleRanges[field])
    if (wholeFields.has(field) && !Number.isInteger(value)) {
      refuse(field, `must be a whole number, but is ${String(value)}`)
    }
  }
  if (!Array.isArray(state.trailers)) refuse('trailers', 'must be an array')
  for (let index = 0; index < state.trailerCount; index++) {
    const trailer = state.trailers[index]
    if (trailer === undefined) {
      refuse(`trailers[${index}]`, `is missing although trailerCount is ${state.trailerCount}`)
    }
    for (const field of trailerFields) {
      const value = trailer[field]
      if (isWithin(value, trailerRanges[field])) continue
      refuseValue(`trailers[${index}].${field}`, value, trailerRanges[field])
    }
  }
}

/** False for what is no number as well, as JavaScript programs may hand in. */
function isWithin(value: unknown, range: readonly [number, number]): boolean {
  return typeof value === 'number' && value >= range[0] && value <= range[1]
}

function refuseValue(field: string, value: unknown, [min, max]: readonly [number, number]): never {
  if (typeof value !== 'number') refuse(field, `must be a number, but is of type ${typeof value}`)
  if (!Number.isFinite(value)) refuse(field, `must be a finite number, but is ${String(value)}`)
  refuse(field, `must be ${min} to ${max}, but is ${String(value)}; check its unit`)
}

function refuse(field: string, problem: string): never {
  throw new ConvoyError('invalid-vehicle', `Vehicle state: ${field} ${problem}.`, { details: { field } })
}
