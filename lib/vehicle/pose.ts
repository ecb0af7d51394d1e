import type { VehicleState } from '../protocol/index.ts'
import { radiansPerTurn, wrapHalfTurns, wrapTurns } from './deterministicMath.ts'
import { hitchBehindTrailer, hitchBehindTruck, trailerOverhang, trailerWheelbase } from './prediction.ts'

/** What of a vehicle state moves smoothly, as one array of numbers: 7 of the truck and 3 of each trailer. */
export type Pose = Float64Array

export const poseX = 0
export const poseY = 1
export const poseZ = 2
const poseHeading = 3
const posePitch = 4
const poseRoll = 5
const poseSteering = 6
const poseTrailers = 7
const numbersPerTrailer = 3

export const poseLength = poseTrailers + 3 * numbersPerTrailer

/** A pose of zeros. */
export function emptyPose(): Pose {
  return new Float64Array(poseLength)
}

/** Fills `pose` from `state`; trailers not attached are zero. */
export function readPose(state: Readonly<VehicleState>, pose: Pose): void {
  pose[poseX] = state.x
  pose[poseY] = state.y
  pose[poseZ] = state.z
  pose[poseHeading] = state.heading
  pose[posePitch] = state.pitch
  pose[poseRoll] = state.roll
  pose[poseSteering] = state.steering
  for (let index = 0; index < 3; index++) {
    const trailer = state.trailers[index]
    const attached = trailer !== undefined && index < state.trailerCount
    const base = poseTrailers + index * numbersPerTrailer
    pose[base] = attached ? trailer.yaw : 0
    pose[base + 1] = attached ? trailer.pitch : 0
    pose[base + 2] = attached ? trailer.roll : 0
  }
}

/** Adds `shift` to `pose`. */
export function addPose(pose: Pose, shift: Pose): void {
  for (let index = 0; index < poseLength; index++) pose[index] = (pose[index] ?? 0) + (shift[index] ?? 0)
}

/** Writes `pose` into `state`, angles wrapped into their ranges. */
export function writePose(pose: Pose, state: VehicleState): void {
  state.x = pose[poseX] ?? 0
  state.y = pose[poseY] ?? 0
  state.z = pose[poseZ] ?? 0
  state.heading = wrapTurns(pose[poseHeading] ?? 0)
  state.pitch = Math.min(0.25, Math.max(-0.25, pose[posePitch] ?? 0))
  state.roll = wrapHalfTurns(pose[poseRoll] ?? 0)
  state.steering = Math.min(1, Math.max(-1, pose[poseSteering] ?? 0))
  for (let index = 0; index < state.trailerCount; index++) {
    const trailer = state.trailers[index]
    if (trailer === undefined) continue
    const base = poseTrailers + index * numbersPerTrailer
    trailer.yaw = wrapHalfTurns(pose[base] ?? 0)
    trailer.pitch = wrapHalfTurns(pose[base + 1] ?? 0)
    trailer.roll = wrapHalfTurns(pose[base + 2] ?? 0)
  }
}

/** `into` = `a` − `b`, angles the short way round. */
export function subtractPoses(a: Pose, b: Pose, into: Pose): void {
  for (let index = 0; index < poseLength; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    into[index] = isAngle(index) ? wrapHalfTurns(difference) : difference
  }
}

/** Zeroes what `pose` says of trailers from `first` on. */
export function clearTrailers(pose: Pose, first: number): void {
  pose.fill(0, poseTrailers + first * numbersPerTrailer)
}

/** The length of the translation in `pose`, metres. */
export function translation(pose: Pose): number {
  const x = pose[poseX] ?? 0
  const y = pose[poseY] ?? 0
  const z = pose[poseZ] ?? 0
  return Math.sqrt(x * x + y * y + z * z)
}

/** What {@link measureSwing} found: in an object that is reused, since a fraction returned may be one on the heap. */
export const swing = { metres: 0.5 }

/** Sets `swing` to how far the tail of a vehicle with `trailers` moves at most when its pose shifts by `pose`, which is small. */
export function measureSwing(pose: Pose, trailers: number): void {
  const x = pose[poseX] ?? 0
  const y = pose[poseY] ?? 0
  const z = pose[poseZ] ?? 0
  let metres = Math.sqrt(x * x + y * y + z * z)
  let yaw = pose[poseHeading] ?? 0
  let pitch = pose[posePitch] ?? 0
  metres += radiansPerTurn * Math.sqrt(yaw * yaw + pitch * pitch) * hitchBehindTruck
  for (let index = 0; index < trailers; index++) {
    const base = poseTrailers + index * numbersPerTrailer
    yaw += pose[base] ?? 0
    pitch += pose[base + 1] ?? 0
    const behind = index === trailers - 1 ? trailerOverhang : hitchBehindTrailer
    metres += radiansPerTurn * Math.sqrt(yaw * yaw + pitch * pitch) * (trailerWheelbase + behind)
  }
  swing.metres = metres
}

function isAngle(index: number): boolean {
  return index >= poseHeading && index !== poseSteering
}
