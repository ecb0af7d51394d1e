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
 * Dead reckoning with constant turn rate and acceleration, docs/protocol/05-vehicle.md [VEH-40] to [VEH-44]. Both ends may
 * predict the same, so only operations with exactly defined results are used.
 */

/**
 * Metres from a truck's reference point back to its fifth wheel. In the game's tractors the front axle is
 * 1.6 m ahead of the reference point and the fifth wheel, just ahead of the rear axle or bogie, 1.6 to 2.5 m behind.
 */
export const hitchBehindTruck = 2
/** Metres from a trailer's coupling back to the middle of its axles: the usual 13.6 m semi-trailer. */
export const trailerWheelbase = 7.7
/** Metres from the middle of a trailer's axles back to its own coupling: B-double links carry it above them. */
export const hitchBehindTrailer = 0.5

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
const motion = { speed: 0.5, acceleration: 0.5, duration: 0.5, time: 0.5 }
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
 * their couplings. Allocates nothing.
 */
export function predict(from: Readonly<VehicleState>, seconds: number, into: VehicleState): void {
  copyVehicleState(from, into)
  if ((from.flags & vehicleFlags.paused) !== 0) return

  const speed = -from.velocityZ
  const standing = Math.abs(speed) < standstillSpeed && from.throttle === 0
  const acceleration = standing ? 0 : from.acceleration
  const stopsAfter = speed * acceleration < 0 ? -speed / acceleration : Infinity
  const stopped = seconds >= stopsAfter
  motion.speed = speed
  motion.acceleration = acceleration
  motion.duration = stopped ? stopsAfter : seconds

  follow(from, into)
  turnTrailers(from, into)
  into.velocityZ = from.velocityZ - acceleration * motion.duration
  if (stopped) {
    into.velocityX = 0
    into.velocityY = 0
    into.velocityZ = 0
    into.acceleration = 0
    into.yawRate = 0
  }
}

/** Moves the reference point along its arc, on the plane that the pitch gives, and turns the heading. */
function follow(from: Readonly<VehicleState>, into: VehicleState): void {
  const { speed, acceleration, duration } = motion
  const turnRate = from.yawRate / radiansPerTurn
  const lift = from.velocityY
  const left = -from.velocityX
  rotate(pitch, from.pitch)
  let east = 0
  let north = 0
  for (let node = -1; node <= 1; node++) {
    const time = duration * (0.5 + node * gaussOffset)
    const weight = node === 0 ? gaussInner : gaussOuter
    const along = (speed + acceleration * time) * pitch.cos - lift * pitch.sin
    rotate(heading, from.heading + turnRate * time)
    east -= weight * (along * heading.sin + left * heading.cos)
    north += weight * (along * heading.cos - left * heading.sin)
  }
  const meanSpeed = speed + (acceleration * duration) / 2
  into.x = from.x + east * duration
  into.y = from.y + (meanSpeed * pitch.sin + lift * pitch.cos) * duration
  into.z = from.z - north * duration
  into.heading = wrapTurns(from.heading + turnRate * duration)
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
  coupling.along = motion.speed + motion.acceleration * motion.time
  coupling.left = -from.velocityX - from.yawRate * hitchBehindTruck
  coupling.yawRate = from.yawRate
}

/** Fills `yawRates` for trailers at `angles` behind `coupling`, which moves back along them. */
function setYawRates(angles: Float64Array, count: number): void {
  for (let index = 0; index < count; index++) {
    const { along, left } = coupling
    rotate(yaw, angles[index] ?? 0)
    const rate = (left * yaw.cos - along * yaw.sin) / trailerWheelbase
    yawRates[index] = (rate - coupling.yawRate) / radiansPerTurn
    coupling.along = along * yaw.cos + left * yaw.sin
    coupling.left = -rate * hitchBehindTrailer
    coupling.yawRate = rate
  }
}
