/**
 * The true motion of a truck and its trailers: textbook kinematics without wheel slip, written without the code under
 * test. The reference point lies ahead of the rear axle, as in the game, so that bends show in all velocities.
 */

/** Metres from the reference point forward to the front axle, and back to the rear axle and the coupling. */
export const frontAxle = 1.6
export const rearAxle = 2.1
export const coupling = 2
/** Metres from a trailer's coupling to its axles, from there to its own coupling, and from there to its tail. */
export const trailerWheelbase = 7.7
export const nextCoupling = 0.5
export const overhang = 4.5

/** Seconds of a step: steering and suspension change little in a millisecond. */
export const stepSeconds = 0.001

/** How fast the steered wheels follow the driver, s. */
const steeringLag = 0.1

/**
 * Fastest change of curvature, 1/m per second: front wheels from lock to lock in 4 s, on a wheelbase of 3.7 m; and what a
 * load bears, as sideways jerk, m/s³.
 */
const steeringRate = 0.09
const sidewaysJerk = 4

/** Tightest curve that a tractor drives, 1/m. */
export const tightestCurvature = 1 / 6.5

/** Hertz and share of critical damping of a loaded cab and chassis on its springs. */
const suspensionFrequency = 1.2
const suspensionDamping = 0.3

/** Radians per m/s²: a truck dives 1.4° under 7 m/s² and rolls 1.3° at 2.5 m/s² sideways. A trailer is stiffer in pitch. */
const truckDive = 0.2 * (Math.PI / 180)
const truckRoll = 0.5 * (Math.PI / 180)
const trailerDive = 0.08 * (Math.PI / 180)
const trailerRoll = 0.6 * (Math.PI / 180)

/** Metres from a trailer's coupling back to where the road's slope is taken for it: halfway to its axles. */
const trailerMiddle = trailerWheelbase / 2

/** A road's slope, radians, by metres along it. */
export type SlopeAt = (metres: number) => number

/** A body on springs: follows where it is pushed to, overshoots a little, and comes to rest. */
class Sway {
  /** Radians. */
  value = 0
  #rate = 0

  step(target: number): void {
    const omega = 2 * Math.PI * suspensionFrequency
    const force = omega * omega * (target - this.value) - 2 * suspensionDamping * omega * this.#rate
    this.#rate += force * stepSeconds
    this.value += this.#rate * stepSeconds
  }
}

/** A trailer in motion. Angles in radians. */
class Trailer {
  /** Relative to what pulls it. */
  yaw = 0
  readonly pitch = new Sway()
  readonly roll = new Sway()
}

/** A truck in motion; angles in radians. */
export class Truck {
  x: number
  y: number
  z: number
  /** Counter-clockwise from north, not wrapped. */
  heading: number
  /** m/s of the rear axle, negative in reverse; and its change, m/s². */
  speed = 0
  acceleration = 0
  /** 1/m at the rear axle, positive to the left. */
  curvature = 0
  /** Metres along the road: backwards in reverse. */
  odometer: number
  readonly trailers: readonly Trailer[]
  readonly #pitch = new Sway()
  readonly #roll = new Sway()
  readonly #slopeAt: SlopeAt

  constructor(
    start: { x: number; y: number; z: number; heading: number; odometer: number },
    trailers: number,
    slopeAt: SlopeAt,
  ) {
    this.x = start.x
    this.y = start.y
    this.z = start.z
    this.heading = start.heading
    this.odometer = start.odometer
    this.trailers = Array.from({ length: trailers }, () => new Trailer())
    this.#slopeAt = slopeAt
  }

  /** One step on, with this acceleration, steering towards `curvature`. */
  step(acceleration: number, curvature: number): void {
    this.#steer(curvature)
    this.acceleration = acceleration
    // The mean of the step, so that what is driven is exact for an even acceleration.
    const speed = this.speed + (acceleration * stepSeconds) / 2
    this.speed += acceleration * stepSeconds
    const yawRate = speed * this.curvature
    const slope = this.#slopeAt(this.odometer + (speed * stepSeconds) / 2)
    const middle = this.heading + (yawRate * stepSeconds) / 2
    const along = speed * Math.cos(slope)
    const left = yawRate * rearAxle
    this.x += (-Math.sin(middle) * along - Math.cos(middle) * left) * stepSeconds
    this.z += (-Math.cos(middle) * along + Math.sin(middle) * left) * stepSeconds
    this.y += speed * Math.sin(slope) * stepSeconds
    this.heading += yawRate * stepSeconds
    this.odometer += speed * stepSeconds
    this.#pitch.step(truckDive * acceleration)
    // Outwards: to the right in a bend to the left.
    this.#roll.step(-truckRoll * speed * yawRate)
    this.#pullTrailers(speed, yawRate, acceleration)
  }

  /** The brakes hold: what little speed is left is gone. */
  halt(): void {
    this.speed = 0
    this.acceleration = 0
  }

  /** Nose up against the horizon. */
  get pitch(): number {
    return this.#slopeAt(this.odometer) + this.#pitch.value
  }

  /** Counter-clockwise seen from behind. */
  get roll(): number {
    return this.#roll.value
  }

  get yawRate(): number {
    return this.speed * this.curvature
  }

  /** Velocity of the reference point in the axes of the body, m/s: to the right, up, backwards. */
  velocity(): { right: number; up: number; back: number } {
    const left = this.yawRate * rearAxle
    const dive = this.#pitch.value
    const up = -this.speed * Math.sin(dive)
    const sin = Math.sin(this.roll)
    const cos = Math.cos(this.roll)
    return {
      right: -left * cos + up * sin,
      up: up * cos + left * sin,
      back: -this.speed * Math.cos(dive),
    }
  }

  /** Pitch and roll of trailer number `index` relative to what pulls it. */
  trailerTilt(index: number): { pitch: number; roll: number } {
    const own = this.#trailerAttitude(index)
    const puller = index === 0 ? this : this.#trailerAttitude(index - 1)
    return { pitch: own.pitch - puller.pitch, roll: own.roll - puller.roll }
  }

  #trailerAttitude(index: number): { pitch: number; roll: number } {
    const behind = coupling + trailerMiddle + index * (trailerWheelbase + nextCoupling)
    const trailer = this.trailers[index]
    return {
      pitch: this.#slopeAt(this.odometer - behind) + (trailer?.pitch.value ?? 0),
      roll: trailer?.roll.value ?? 0,
    }
  }

  #steer(curvature: number): void {
    const fastest = Math.min(steeringRate, sidewaysJerk / (this.speed * this.speed + 1e-9))
    const wish = clamp(curvature, tightestCurvature)
    this.curvature += clamp((wish - this.curvature) / steeringLag, fastest) * stepSeconds
  }

  /** A trailer's axles roll where they point: it turns by how far its coupling moves sideways. */
  #pullTrailers(truckSpeed: number, truckYawRate: number, acceleration: number): void {
    let speed = truckSpeed
    let left = truckYawRate * (rearAxle - coupling)
    let pullerRate = truckYawRate
    for (const trailer of this.trailers) {
      const sin = Math.sin(trailer.yaw)
      const cos = Math.cos(trailer.yaw)
      const rate = (-speed * sin + left * cos) / trailerWheelbase
      trailer.yaw += (rate - pullerRate) * stepSeconds
      speed = speed * cos + left * sin
      left = -rate * nextCoupling
      pullerRate = rate
      trailer.pitch.step(trailerDive * acceleration)
      trailer.roll.step(-trailerRoll * speed * rate)
    }
  }
}

/** `value` within ±`limit`. */
export function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value))
}
