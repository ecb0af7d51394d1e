import fc from 'fast-check'
import { emptyVehicleState, type TrailerState, type VehicleState } from '../../../lib/protocol/index.ts'
import { trailerRanges, vehicleRanges } from '../../../lib/vehicle/index.ts'

type Range = readonly [number, number]

const within = ([min, max]: Range): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.double({ min, max, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(min, max) },
    // Doubles crowd around zero; these spread evenly.
    {
      weight: 8,
      arbitrary: fc.integer({ min: 0, max: 2 ** 30 }).map((n) => min + ((max - min) * n) / 2 ** 30),
    },
  )

const whole = ([min, max]: Range): fc.Arbitrary<number> => fc.integer({ min, max })

const trailer: fc.Arbitrary<TrailerState> = fc.record({
  yaw: within(trailerRanges.yaw),
  pitch: within(trailerRanges.pitch),
  roll: within(trailerRanges.roll),
})

/** Every state that an embedding program may hand in. */
export const anyState: fc.Arbitrary<VehicleState> = fc.record({
  x: within(vehicleRanges.x),
  y: within(vehicleRanges.y),
  z: within(vehicleRanges.z),
  heading: within(vehicleRanges.heading),
  pitch: within(vehicleRanges.pitch),
  roll: within(vehicleRanges.roll),
  velocityX: within(vehicleRanges.velocityX),
  velocityY: within(vehicleRanges.velocityY),
  velocityZ: within(vehicleRanges.velocityZ),
  acceleration: within(vehicleRanges.acceleration),
  yawRate: within(vehicleRanges.yawRate),
  steering: within(vehicleRanges.steering),
  throttle: within(vehicleRanges.throttle),
  brake: within(vehicleRanges.brake),
  flags: fc.integer({ min: 0, max: 0x3fff }),
  gear: whole(vehicleRanges.gear),
  rpm: within(vehicleRanges.rpm),
  trailerCount: whole(vehicleRanges.trailerCount),
  trailers: fc.tuple(trailer, trailer, trailer),
})

/** A state of zeros with some values set. */
export function stateWith(values: Partial<VehicleState>): VehicleState {
  return { ...emptyVehicleState(), ...values }
}
