import { vehicleFlags, type VehicleState } from '../protocol/index.ts'
import { copyVehicleState } from './copyVehicleState.ts'
import { cosTurns, radiansPerTurn, sinTurns, wrapHalfTurns, wrapTurns } from './deterministicMath.ts'

/**
 * Dead reckoning with constant turn rate and acceleration, docs/protocol/05-vehicle.md [VEH-40] to [VEH-47]. Both ends may
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
  const duration = stopped ? stopsAfter : seconds

  follow(from, speed, acceleration, duration, into)
  turnTrailers(from, speed, acceleration, duration, into)
  into.velocityZ = stopped ? 0 : from.velocityZ - acceleration * duration
  if (stopped) {
    into.velocityX = 0
    into.velocityY = 0
    into.acceleration = 0
    into.yawRate = 0
  }
}

/** Moves the reference point along its arc, on the plane that the pitch gives, and turns the heading. */
function follow(
  from: Readonly<VehicleState>,
  speed: number,
  acceleration: number,
  duration: number,
  into: VehicleState,
): void {
  const turnRate = from.yawRate / radiansPerTurn
  const sinPitch = sinTurns(from.pitch)
  const cosPitch = cosTurns(from.pitch)
  const lift = from.velocityY
  const left = -from.velocityX
  let east = 0
  let north = 0
  for (let node = -1; node <= 1; node++) {
    const time = duration * (0.5 + node * gaussOffset)
    const weight = node === 0 ? gaussInner : gaussOuter
    const along = (speed + acceleration * time) * cosPitch - lift * sinPitch
    const heading = from.heading + turnRate * time
    const sin = sinTurns(heading)
    const cos = cosTurns(heading)
    east -= weight * (along * sin + left * cos)
    north += weight * (along * cos - left * sin)
  }
  const meanSpeed = speed + (acceleration * duration) / 2
  into.x = from.x + east * duration
  into.y = from.y + (meanSpeed * sinPitch + lift * cosPitch) * duration
  into.z = from.z - north * duration
  into.heading = wrapTurns(from.heading + turnRate * duration)
}

/**
 * Turns each trailer as its wheels make it follow its coupling: wheels roll without slipping sideways, so the
 * sideways speed of the coupling turns the trailer about them. Holds forwards and in reverse.
 */
function turnTrailers(
  from: Readonly<VehicleState>,
  speed: number,
  acceleration: number,
  duration: number,
  into: VehicleState,
): void {
  const count = from.trailerCount
  if (count === 0) return
  for (let index = 0; index < count; index++) yaws[index] = from.trailers[index]?.yaw ?? 0
  const steps = Math.ceil(Math.abs(duration) / trailerStep)
  const step = steps === 0 ? 0 : duration / steps
  for (let index = 0; index < steps; index++) {
    const time = index * step
    setYawRates(from, speed + acceleration * time, yaws, count)
    for (let trailer = 0; trailer < count; trailer++) {
      midYaws[trailer] = (yaws[trailer] ?? 0) + ((yawRates[trailer] ?? 0) * step) / 2
    }
    setYawRates(from, speed + acceleration * (time + step / 2), midYaws, count)
    for (let trailer = 0; trailer < count; trailer++) {
      yaws[trailer] = (yaws[trailer] ?? 0) + (yawRates[trailer] ?? 0) * step
    }
  }
  for (let index = 0; index < count; index++) {
    const trailer = into.trailers[index]
    if (trailer !== undefined) trailer.yaw = wrapHalfTurns(yaws[index] ?? 0)
  }
}

/** Fills `yawRates`, turns/s relative to what pulls, for trailers at `angles` behind a truck at `speed`. */
function setYawRates(from: Readonly<VehicleState>, speed: number, angles: Float64Array, count: number): void {
  let along = speed
  let pullerRate = from.yawRate
  let left = -from.velocityX - from.yawRate * hitchBehindTruck
  for (let index = 0; index < count; index++) {
    const yaw = angles[index] ?? 0
    const sin = sinTurns(yaw)
    const cos = cosTurns(yaw)
    const rate = (left * cos - along * sin) / trailerWheelbase
    yawRates[index] = (rate - pullerRate) / radiansPerTurn
    along = along * cos + left * sin
    left = -rate * hitchBehindTrailer
    pullerRate = rate
  }
}
