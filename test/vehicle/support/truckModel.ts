import { seededRandom } from '../../../lib/core/index.ts'
import { emptyVehicleState, vehicleFlags, type VehicleState } from '../../../lib/protocol/index.ts'

/**
 * The truth that playout is measured against: a truck and its trailers integrated in steps of a millisecond by textbook
 * kinematics (no wheel slips sideways), written without the code under test. Its reference point lies ahead of the
 * rear axle, as in the game, so that bends show in all velocities.
 */

/** Metres from the reference point back to the rear axle, and to the coupling just ahead of it. */
export const rearAxle = 2.1
export const coupling = 2
/** Metres from each trailer's coupling to its axles, and from there to its own coupling. */
export const wheelbase = 7.7
export const nextCoupling = 0.5
/** Metres from the reference point ahead to the front axle. */
const frontAxle = 1.6
/** Metres from a trailer's axles to its tail. */
const overhang = 4.5

/** For how long the driver asks for what. */
export interface Leg {
  seconds: number
  /** m/s² asked for; braking ends at standstill. */
  acceleration: number
  /** 1/m at the rear axle, positive to the left. */
  curvature: number
}

/** How fast pedals and wheel follow what is asked for: m/s³, and 1/m per second. */
const pedalRate = 10
const wheelRate = 0.03

/** Everything about one moment. */
interface Moment {
  x: number
  z: number
  y: number
  /** Radians, counter-clockwise from north. */
  heading: number
  speed: number
  acceleration: number
  curvature: number
  /** Radians of road gradient. */
  slope: number
  yaws: number[]
}

/** A recorded drive: the state at any time. */
export class TruthDrive {
  readonly durationMs: number
  readonly #moments: Moment[] = []
  readonly #trailers: number

  constructor(legs: readonly Leg[], trailers = 1) {
    this.#trailers = trailers
    const now: Moment = {
      x: -30_243,
      z: -4_986,
      y: 12,
      heading: 1,
      speed: 0,
      acceleration: 0,
      curvature: 0,
      slope: 0,
      yaws: Array.from({ length: trailers }, () => 0),
    }
    let odometer = 0
    for (const leg of legs) {
      for (let step = 0; step < leg.seconds * 1000; step++) {
        this.#moments.push({ ...now, yaws: [...now.yaws] })
        advance(now, leg, odometer)
        odometer += Math.abs(now.speed) / 1000
      }
    }
    this.durationMs = this.#moments.length - 1
  }

  /** Fills `into` with the true state at `ms`. */
  stateAt(ms: number, into: VehicleState = emptyVehicleState()): VehicleState {
    const now = this.#between(ms)
    const yawRate = now.speed * now.curvature
    into.x = now.x
    into.y = now.y
    into.z = now.z
    into.heading = turns(now.heading)
    into.pitch = now.slope / (2 * Math.PI)
    // Ahead of the rear axle the truck also moves sideways, to the left where it turns left.
    into.velocityX = -yawRate * rearAxle
    into.velocityZ = -now.speed
    into.acceleration = now.acceleration
    into.yawRate = yawRate
    into.steering = Math.max(-1, Math.min(1, now.curvature * 8))
    into.throttle = now.acceleration > 0 === now.speed >= 0 && now.acceleration !== 0 ? 0.5 : 0
    into.brake = now.acceleration < -0.5 ? 0.5 : 0
    into.flags = vehicleFlags.engineOn
    into.gear = now.speed < -0.01 ? -1 : 6
    into.rpm = 1_200
    into.trailerCount = this.#trailers
    for (let index = 0; index < this.#trailers; index++) {
      const trailer = into.trailers[index]
      if (trailer !== undefined) trailer.yaw = (now.yaws[index] ?? 0) / (2 * Math.PI)
    }
    return into
  }

  /** Straight between two milliseconds, over which nothing bends by more than a micrometre. */
  #between(ms: number): Moment {
    const before = this.#at(Math.floor(ms))
    const after = this.#at(Math.floor(ms) + 1)
    const share = ms - Math.floor(ms)
    const mix = (from: number, to: number): number => from + (to - from) * share
    return {
      x: mix(before.x, after.x),
      y: mix(before.y, after.y),
      z: mix(before.z, after.z),
      heading: mix(before.heading, after.heading),
      speed: mix(before.speed, after.speed),
      acceleration: mix(before.acceleration, after.acceleration),
      curvature: mix(before.curvature, after.curvature),
      slope: mix(before.slope, after.slope),
      yaws: before.yaws.map((yaw, index) => mix(yaw, after.yaws[index] ?? 0)),
    }
  }

  #at(ms: number): Moment {
    const moment = this.#moments[Math.max(0, Math.min(this.#moments.length - 1, ms))]
    if (moment === undefined) throw new RangeError('The drive has no legs.')
    return moment
  }
}

/** A drive of everything that is hard: bends, hard braking, stop and go, tight corners, reversing. */
export function eventfulDrive(seed: number): Leg[] {
  const random = seededRandom(seed)
  const between = (from: number, to: number): number => from + (to - from) * random.next()
  const side = (): number => (random.next() < 0.5 ? -1 : 1)
  const legs: Leg[] = []
  for (let round = 0; round < 4; round++) {
    legs.push({ seconds: between(8, 12), acceleration: between(1.2, 1.8), curvature: 0 })
    for (let bend = 0; bend < 3; bend++) {
      legs.push({
        seconds: between(2, 4),
        acceleration: between(-0.6, 0.4),
        curvature: side() / between(120, 400),
      })
      legs.push({ seconds: between(1, 2), acceleration: between(-0.2, 0.2), curvature: 0 })
    }
    legs.push({ seconds: 12, acceleration: -between(2, 6), curvature: side() / 300 })
    // Stop and go.
    for (let queue = 0; queue < 2; queue++) {
      legs.push({ seconds: between(1, 2), acceleration: between(0.8, 1.5), curvature: 0 })
      legs.push({ seconds: between(2, 3), acceleration: -between(1, 3), curvature: 0 })
    }
    // A corner in town.
    legs.push({ seconds: 4, acceleration: 1, curvature: 0 })
    legs.push({ seconds: between(3, 5), acceleration: 0, curvature: side() / between(15, 25) })
    legs.push({ seconds: 4, acceleration: -2, curvature: 0 })
    // Back a little, and stop.
    legs.push({ seconds: 3, acceleration: -0.7, curvature: side() / 60 })
    legs.push({ seconds: 3, acceleration: 1, curvature: 0 })
    legs.push({ seconds: 1, acceleration: 0, curvature: 0 })
  }
  return legs
}

/** Tail of the last trailer on the ground plane, metres, from a state: truth's and playout's alike. */
export function tailOf(state: Readonly<VehicleState>): { x: number; z: number } {
  let heading = state.heading * 2 * Math.PI
  let x = state.x + Math.sin(heading) * coupling
  let z = state.z + Math.cos(heading) * coupling
  for (let index = 0; index < state.trailerCount; index++) {
    heading += (state.trailers[index]?.yaw ?? 0) * 2 * Math.PI
    const last = index === state.trailerCount - 1
    const length = wheelbase + (last ? overhang : nextCoupling)
    x += Math.sin(heading) * length
    z += Math.cos(heading) * length
  }
  return { x, z }
}

/** The front axle, or the tail of the last trailer, in the world, metres. */
export function along(
  state: Readonly<VehicleState>,
  end: 'front' | 'tail',
): [x: number, y: number, z: number] {
  const point: [number, number, number] = [state.x, state.y, state.z]
  const move = (heading: number, pitch: number, metres: number): void => {
    const flat = metres * Math.cos(pitch * 2 * Math.PI)
    point[0] -= flat * Math.sin(heading * 2 * Math.PI)
    point[1] += metres * Math.sin(pitch * 2 * Math.PI)
    point[2] -= flat * Math.cos(heading * 2 * Math.PI)
  }
  let { heading, pitch } = state
  move(heading, pitch, end === 'front' ? frontAxle : -coupling)
  for (let index = 0; end === 'tail' && index < state.trailerCount; index++) {
    heading += state.trailers[index]?.yaw ?? 0
    pitch += state.trailers[index]?.pitch ?? 0
    move(heading, pitch, -(wheelbase + (index === state.trailerCount - 1 ? overhang : nextCoupling)))
  }
  return point
}

/** One millisecond on. */
function advance(now: Moment, leg: Leg, odometer: number): void {
  const dt = 0.001
  now.curvature += clampTo(leg.curvature - now.curvature, wheelRate * dt)
  now.acceleration += clampTo(leg.acceleration - now.acceleration, pedalRate * dt)
  const before = now.speed
  now.speed = Math.min(24, Math.max(-3, now.speed + now.acceleration * dt))
  const braked = before !== 0 && before * now.speed <= 0
  const limited = now.speed === 24 || now.speed === -3
  if (braked || (before === 0 && !pullsAway(leg, now.acceleration))) {
    now.speed = 0
    now.acceleration = 0
  } else if (limited) {
    now.acceleration = 0
  }
  const yawRate = now.speed * now.curvature
  // The truck turns about a point abeam of its rear axle; the reference point is ahead of that.
  const middle = now.heading + (yawRate * dt) / 2
  const along = now.speed * Math.cos(now.slope)
  const left = yawRate * rearAxle
  now.x += (-Math.sin(middle) * along - Math.cos(middle) * left) * dt
  now.z += (-Math.cos(middle) * along + Math.sin(middle) * left) * dt
  now.y += now.speed * Math.sin(now.slope) * dt
  now.slope = 0.04 * Math.sin(odometer / 150)
  now.heading += yawRate * dt
  let speed = now.speed
  let sideways = yawRate * (rearAxle - coupling)
  let pullerRate = yawRate
  for (let index = 0; index < now.yaws.length; index++) {
    const yaw = now.yaws[index] ?? 0
    const rate = (-speed * Math.sin(yaw) + sideways * Math.cos(yaw)) / wheelbase
    now.yaws[index] = yaw + (rate - pullerRate) * dt
    speed = speed * Math.cos(yaw) + sideways * Math.sin(yaw)
    sideways = -rate * nextCoupling
    pullerRate = rate
  }
}

/** From standstill only a leg of its own starts motion: the rest of a braking leg stands. */
function pullsAway(leg: Leg, acceleration: number): boolean {
  const reversing = leg.acceleration < 0 && leg.acceleration > -1
  return (leg.acceleration > 0 || reversing) && acceleration * leg.acceleration > 0
}

function clampTo(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value))
}

function turns(radians: number): number {
  const value = radians / (2 * Math.PI)
  return value - Math.floor(value)
}
