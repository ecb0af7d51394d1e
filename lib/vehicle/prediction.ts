import { vehicleFlags, type VehicleState } from '../protocol/index.ts'
import { copyVehicleState } from './copyVehicleState.ts'
import {
  emptyRotation,
  radiansPerTurn,
  rotate,
  wrapHalfTurns,
  wrapTurns,
  type Rotation,
} from './deterministicMath.ts'

/**
 * Dead reckoning along arcs, docs/protocol/05-vehicle.md [VEH-40] to [VEH-47]. Both ends predict the same, so only
 * operations with exactly defined results are used.
 */

/** How a vehicle's motion was changing when it was sampled: found from successive updates, [VEH-16]. */
export interface MotionRates {
  /** m/s³. */
  jerk: number
  /** rad/s². */
  yawAcceleration: number
  /** Turns/s. */
  pitchRate: number
}

/** Rates of a motion that nothing is known of but its moment. */
export const noRates: Readonly<MotionRates> = { jerk: 0, yawAcceleration: 0, pitchRate: 0 }

/** Rates hold this far ahead, s: a driver does something else by then. */
export const ratesHoldSeconds = 0.3
/** Share of each rate that is believed: those that minimise what updates have to correct on generated drives. */
export const believedRates = { jerk: 0.3, yawAcceleration: 0.9, pitch: 0.8 } as const

/**
 * Metres from a truck's reference point back to its fifth wheel. In the game's tractors the front axle is
 * 1.6 m ahead of the reference point and the fifth wheel, just ahead of the rear axle or bogie, 1.6 to 2.5 m behind.
 */
export const hitchBehindTruck = 2
/** Metres from a trailer's coupling back to the middle of its axles: the usual 13.6 m semi-trailer. */
export const trailerWheelbase = 7.7
/** Metres from the middle of a trailer's axles back to its own coupling: B-double links carry it above them. */
export const hitchBehindTrailer = 0.5
/** Metres from the middle of a trailer's axles back to its tail: of the usual 13.6 m semi-trailer. */
export const trailerOverhang = 4.3

/** Below this speed, m/s, a truck whose throttle is up counts as standing: acceleration is then only its rocking. */
const standstillSpeed = 0.1
/** Longest step of integrating the trailers' angles, s: keeps the midpoint rule within 0.01° at any legal speed. */
const trailerStep = 1 / 16

/** Nodes and weights of three-point Gauss–Legendre quadrature on 0…1: exact to the fifth order, no singular case. */
const gaussOffset = 0.3872983346207417
const gaussOuter = 5 / 18
const gaussInner = 8 / 18

/*
 * What the functions below tell each other. In an object that is reused, because a fractional number handed to a
 * function that the engine doesn't inline is itself an object on the heap, and this runs for every truck and frame.
 */
const motion = {
  speed: 0.5,
  acceleration: 0.5,
  jerk: 0.5,
  yawAcceleration: 0.5,
  pitchRate: 0.5,
  duration: 0.5,
  time: 0.5,
}
/** What {@link rise} tells: a rate's effect after a time. */
const risen = { once: 0.5, twice: 0.5 }
const pitch: Rotation = emptyRotation()
const heading: Rotation = emptyRotation()
const yaw: Rotation = emptyRotation()
/** A coupling's velocity forwards and to the left, m/s, and the yaw rate of what carries it, rad/s. */
const coupling = { along: 0.5, left: 0.5, yawRate: 0.5 }
/** Trailers' angles in turns, in the middle of a step, and their rates, turns/s relative to what pulls. */
const yaws = new Float64Array(3)
const midYaws = new Float64Array(3)
const yawRates = new Float64Array(3)

/**
 * Where a vehicle is `seconds` after `from` was sampled (a little before it, where negative), filled into
 * `into`, which must be another object. Braking ends at standstill, a paused vehicle stays; trailers follow
 * their couplings.
 * @param rates - how its motion was changing, where that is known.
 */
export function predict(
  from: Readonly<VehicleState>,
  seconds: number,
  into: VehicleState,
  rates: Readonly<MotionRates> = noRates,
): void {
  horizon.seconds = seconds
  predictToHorizon(from, into, rates)
}

/** How far {@link predictToHorizon} predicts. */
export const horizon = { seconds: 0.5 }

/** {@link predict}, by `horizon.seconds`: for hot paths, as it allocates nothing. */
export function predictToHorizon(
  from: Readonly<VehicleState>,
  into: VehicleState,
  rates: Readonly<MotionRates>,
): void {
  const { seconds } = horizon
  copyVehicleState(from, into)
  if ((from.flags & vehicleFlags.paused) !== 0) return

  const speed = -from.velocityZ
  const standing = Math.abs(speed) < standstillSpeed && from.throttle === 0
  motion.speed = speed
  motion.acceleration = standing ? 0 : from.acceleration
  motion.jerk = standing ? 0 : rates.jerk * believedRates.jerk
  motion.yawAcceleration = standing ? 0 : rates.yawAcceleration * believedRates.yawAcceleration
  motion.pitchRate = rates.pitchRate * believedRates.pitch
  motion.duration = seconds
  const stopped = endsWithin()

  follow(from, into)
  turnTrailers(from, into)
  motion.time = motion.duration
  rise()
  into.velocityZ = from.velocityZ - motion.acceleration * motion.duration - motion.jerk * risen.twice
  if (stopped) {
    into.velocityX = 0
    into.velocityY = 0
    into.velocityZ = 0
    into.acceleration = 0
    into.yawRate = 0
  } else {
    into.acceleration = motion.acceleration + motion.jerk * risen.once
    into.yawRate = from.yawRate + motion.yawAcceleration * risen.once
  }
}

/** Whether braking ends within `motion.duration`; then sets that to when. */
function endsWithin(): boolean {
  const { speed, duration: seconds } = motion
  motion.time = seconds
  rise()
  const finalSpeed = speed + motion.acceleration * seconds + motion.jerk * risen.twice
  if (seconds <= 0 || speed * finalSpeed > 0 || (speed === 0 && motion.acceleration === 0)) return false
  // Standing, throttle up: it pulls away.
  if (speed === 0) return false
  // The mean deceleration until then, which is exact where it doesn't change.
  motion.duration = (seconds * speed) / (speed - finalSpeed)
  return true
}

/** Sets `risen` to what a rate of 1 comes to after `motion.time`: in what it changes, and in what that changes in turn. */
function rise(): void {
  const { time } = motion
  if (time <= ratesHoldSeconds) {
    risen.once = time
    risen.twice = (time * time) / 2
  } else {
    risen.once = ratesHoldSeconds
    risen.twice = ratesHoldSeconds * (time - ratesHoldSeconds / 2)
  }
}

/** Moves the reference point along its arc, on the plane that the pitch gives, and turns the heading. */
function follow(from: Readonly<VehicleState>, into: VehicleState): void {
  const { speed, acceleration, duration } = motion
  const turnRate = from.yawRate / radiansPerTurn
  const turnAcceleration = motion.yawAcceleration / radiansPerTurn
  const lift = from.velocityY
  const left = -from.velocityX
  let east = 0
  let up = 0
  let north = 0
  for (let node = -1; node <= 1; node++) {
    const time = duration * (0.5 + node * gaussOffset)
    const weight = node === 0 ? gaussInner : gaussOuter
    motion.time = time
    rise()
    pitch.turns = from.pitch + motion.pitchRate * risen.once
    rotate(pitch)
    heading.turns = from.heading + turnRate * time + turnAcceleration * risen.twice
    rotate(heading)
    const forward = speed + acceleration * time + motion.jerk * risen.twice
    // Turning, it moves sideways as far as its reference point is ahead of what it turns about.
    const sideways = left + motion.yawAcceleration * risen.once * hitchBehindTruck
    const along = forward * pitch.cos - lift * pitch.sin
    east -= weight * (along * heading.sin + sideways * heading.cos)
    north += weight * (along * heading.cos - sideways * heading.sin)
    up += weight * (forward * pitch.sin + lift * pitch.cos)
  }
  into.x = from.x + east * duration
  into.y = from.y + up * duration
  into.z = from.z - north * duration
  motion.time = duration
  rise()
  into.heading = wrapTurns(from.heading + turnRate * duration + turnAcceleration * risen.twice)
  into.pitch = Math.min(0.25, Math.max(-0.25, from.pitch + motion.pitchRate * risen.once))
}

/**
 * Turns each trailer as its wheels make it follow its coupling: wheels roll without slipping sideways, so the
 * sideways speed of the coupling turns the trailer about them. Holds forwards and in reverse.
 */
function turnTrailers(from: Readonly<VehicleState>, into: VehicleState): void {
  const count = from.trailerCount
  if (count === 0) return
  const { duration } = motion
  for (let index = 0; index < count; index++) {
    const trailer = from.trailers[index]
    if (trailer !== undefined) yaws[index] = trailer.yaw
  }
  const steps = Math.ceil(Math.abs(duration) / trailerStep)
  const step = steps === 0 ? 0 : duration / steps
  for (let index = 0; index < steps; index++) {
    motion.time = index * step
    pull(from)
    setYawRates(yaws, count)
    for (let trailer = 0; trailer < count; trailer++) {
      midYaws[trailer] = (yaws[trailer] ?? 0) + ((yawRates[trailer] ?? 0) * step) / 2
    }
    motion.time = (index + 0.5) * step
    pull(from)
    setYawRates(midYaws, count)
    for (let trailer = 0; trailer < count; trailer++) {
      yaws[trailer] = (yaws[trailer] ?? 0) + (yawRates[trailer] ?? 0) * step
    }
  }
  for (let index = 0; index < count; index++) {
    const trailer = into.trailers[index]
    if (trailer !== undefined) trailer.yaw = wrapHalfTurns(yaws[index] ?? 0)
  }
}

/** Sets `coupling` to the truck's at `motion.time`. */
function pull(from: Readonly<VehicleState>): void {
  rise()
  const turned = motion.yawAcceleration * risen.once
  coupling.along = motion.speed + motion.acceleration * motion.time + motion.jerk * risen.twice
  coupling.yawRate = from.yawRate + turned
  coupling.left = -from.velocityX + turned * hitchBehindTruck - coupling.yawRate * hitchBehindTruck
}

/** Fills `yawRates` for trailers at `angles` behind `coupling`, which moves back along them. */
function setYawRates(angles: Float64Array, count: number): void {
  for (let index = 0; index < count; index++) {
    const { along, left } = coupling
    yaw.turns = angles[index] ?? 0
    rotate(yaw)
    const rate = (left * yaw.cos - along * yaw.sin) / trailerWheelbase
    yawRates[index] = (rate - coupling.yawRate) / radiansPerTurn
    coupling.along = along * yaw.cos + left * yaw.sin
    coupling.left = -rate * hitchBehindTrailer
    coupling.yawRate = rate
  }
}
