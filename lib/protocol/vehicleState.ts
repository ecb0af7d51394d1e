/** Bits of {@link VehicleState.flags}; the order is that of the wire format. */
export const vehicleFlags = {
  parkingLights: 1 << 0,
  lowBeam: 1 << 1,
  highBeam: 1 << 2,
  beacon: 1 << 3,
  brakeLights: 1 << 4,
  reverseLights: 1 << 5,
  /** The indicator's switch, not its blinking lamp; both set is the hazard switch. */
  leftIndicator: 1 << 6,
  rightIndicator: 1 << 7,
  horn: 1 << 8,
  wipers: 1 << 9,
  parkBrake: 1 << 10,
  engineOn: 1 << 11,
  /** No collisions with this vehicle for now. */
  ghost: 1 << 12,
  /** The game is paused. */
  paused: 1 << 13,
} as const

/**
 * A trailer, relative to what pulls it (the truck, or the trailer in front). Angles in turns.
 */
export interface TrailerState {
  /** −½…+½ turn, counter-clockwise. */
  yaw: number
  /** −½…+½ turn. */
  pitch: number
  /** −½…+½ turn. */
  roll: number
}

/**
 * One truck with its trailers at one moment, as the SCS SDK gives it. World axes: X east, Y up, Z south,
 * metres. Position (0, 0, 0) means not placed yet.
 */
export interface VehicleState {
  /** Metres east, −262,144…+262,144. */
  x: number
  /** Metres up, −512…+1,536. */
  y: number
  /** Metres south, −262,144…+262,144. */
  z: number
  /** Turns, 0…1, counter-clockwise, 0 = north: compass degrees are 360 × (1 − heading). */
  heading: number
  /** Turns, −¼…+¼, positive nose up. */
  pitch: number
  /** Turns, −½…+½. */
  roll: number
  /** Velocity in vehicle space, m/s, −64…+64: to the right. */
  velocityX: number
  /** Velocity in vehicle space, m/s, −64…+64: up. */
  velocityY: number
  /** Velocity in vehicle space, m/s, −64…+64: backwards, as in the SDK; driving forward is negative. */
  velocityZ: number
  /** Longitudinal acceleration, m/s², −16…+16, forward positive. */
  acceleration: number
  /** Yaw rate, rad/s, −1…+1, counter-clockwise positive. */
  yawRate: number
  /** −1…+1, left positive as in the SDK. */
  steering: number
  /** 0…1. */
  throttle: number
  /** 0…1. */
  brake: number
  /** A set of {@link vehicleFlags}. */
  flags: number
  /** −16…+15; negative is reverse, 0 neutral. */
  gear: number
  /** Engine speed in revolutions per minute, 0…3,175. */
  rpm: number
  /** Trailers in use, 0…3. */
  trailerCount: number
  /** Always three entries, of which the first `trailerCount` count: filled in place on hot paths. */
  trailers: [TrailerState, TrailerState, TrailerState]
}

/** A vehicle state of zeros: not placed, standing, nothing attached. */
export function emptyVehicleState(): VehicleState {
  const trailer = (): TrailerState => ({ yaw: 0, pitch: 0, roll: 0 })
  return {
    x: 0,
    y: 0,
    z: 0,
    heading: 0,
    pitch: 0,
    roll: 0,
    velocityX: 0,
    velocityY: 0,
    velocityZ: 0,
    acceleration: 0,
    yawRate: 0,
    steering: 0,
    throttle: 0,
    brake: 0,
    flags: 0,
    gear: 0,
    rpm: 0,
    trailerCount: 0,
    trailers: [trailer(), trailer(), trailer()],
  }
}
