import { limits } from '../../protocol/index.ts'
import { emptyRotation, radiansPerTurn, rotate, type Rotation } from '../deterministicMath.ts'
import { hitchBehindTrailer, hitchBehindTruck, trailerWheelbase } from '../prediction.ts'

/** A vehicle's motion at one moment; a class, so that its numbers are written in place. */
class Moment {
  /** Forwards, m/s. */
  speed = 0.5
  /** m/s². */
  acceleration = 0.5
  /** Turns, not wrapped. */
  heading = 0.5
  /** rad/s. */
  yawRate = 0.5
  /** Turns. */
  pitch = 0.5
  /** In vehicle space, m/s. */
  left = 0.5
  up = 0.5
}

/**
 * The way between two updates: with speed, heading and their rates of change known at both ends, [VEH-15], there is little left
 * to tell about where it led. Reused, as this runs for every update.
 */
const start = new Moment()
const end = new Moment()
/** Where the way led, metres; how long it took, s. */
const way = { seconds: 0.5, east: 0.5, up: 0.5, north: 0.5 }
/** Trailers' yaws, turns: at the start, and after {@link pullTrailers} where rolling leads them. */
const yaws = new Float64Array(limits.trailers)
/** All of these together. */
export const journey = { start, end, way, yaws } as const

// Of this module's own, as engines compile those in, but look imported ones up at each use.
const radians = radiansPerTurn
const wheelbase = trailerWheelbase
const hitches = { truck: hitchBehindTruck, trailer: hitchBehindTrailer }

/** Nodes of two-point Gauss–Legendre quadrature on 0…1, each of weight ½: 0.01 steps off over 0.3 s of a bend. */
const gaussOffset = 0.28867513459481287

/** Longest step of integrating trailers' yaws, s: what a coarser one would get wrong costs more bits than time. */
const trailerStep = 1 / 8

const heading: Rotation = emptyRotation()
const pitch: Rotation = emptyRotation()
const yaw: Rotation = emptyRotation()
const midYaws = new Float64Array(limits.trailers)
const yawRates = new Float64Array(limits.trailers)
const progress = { share: 0.5 }

/**
 * Sets `way` from `start` and `end`. Speed and heading go along cubic Hermite curves, the rest straight.
 */
export function travel(): void {
  const { seconds } = way
  let east = 0
  let north = 0
  let up = 0
  for (let node = -1; node <= 1; node += 2) {
    const share = 0.5 + node * gaussOffset
    const square = share * share
    const cube = square * share
    const gone = 3 * square - 2 * cube
    const leaving = (cube - 2 * square + share) * seconds
    const arriving = (cube - square) * seconds
    const speed =
      start.speed +
      (end.speed - start.speed) * gone +
      leaving * start.acceleration +
      arriving * end.acceleration
    heading.turns =
      start.heading +
      (end.heading - start.heading) * gone +
      (leaving * start.yawRate + arriving * end.yawRate) / radians
    rotate(heading)
    pitch.turns = start.pitch + (end.pitch - start.pitch) * share
    rotate(pitch)
    const left = start.left + (end.left - start.left) * share
    const lift = start.up + (end.up - start.up) * share
    const along = speed * pitch.cos - lift * pitch.sin
    east -= along * heading.sin + left * heading.cos
    north += along * heading.cos - left * heading.sin
    up += speed * pitch.sin + lift * pitch.cos
  }
  way.east = (east / 2) * seconds
  way.north = (north / 2) * seconds
  way.up = (up / 2) * seconds
}

/** Turns `count` trailers from `yaws` at the start as their wheels, which don't slip sideways, make them follow. */
export function pullTrailers(count: number): void {
  const { seconds } = way
  const steps = Math.ceil(seconds / trailerStep)
  for (let step = 0; step < steps; step++) {
    const duration = seconds / steps
    progress.share = step / steps
    setYawRates(yaws, count)
    for (let index = 0; index < count; index++) {
      midYaws[index] = (yaws[index] ?? 0) + ((yawRates[index] ?? 0) * duration) / 2
    }
    progress.share = (step + 0.5) / steps
    setYawRates(midYaws, count)
    for (let index = 0; index < count; index++) {
      yaws[index] = (yaws[index] ?? 0) + (yawRates[index] ?? 0) * duration
    }
  }
}

function setYawRates(angles: Float64Array, count: number): void {
  const { share } = progress
  let along = start.speed + (end.speed - start.speed) * share
  let carrierRate = start.yawRate + (end.yawRate - start.yawRate) * share
  let left = start.left + (end.left - start.left) * share - carrierRate * hitches.truck
  for (let index = 0; index < count; index++) {
    yaw.turns = angles[index] ?? 0
    rotate(yaw)
    const rate = (left * yaw.cos - along * yaw.sin) / wheelbase
    yawRates[index] = (rate - carrierRate) / radians
    along = along * yaw.cos + left * yaw.sin
    left = -rate * hitches.trailer
    carrierRate = rate
  }
}
