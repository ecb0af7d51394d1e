import type { VehicleState } from '../protocol/index.ts'
import { emptyRotation, rotate, type Rotation } from './deterministicMath.ts'
import { hitchBehindTrailer, hitchBehindTruck, trailerOverhang, trailerWheelbase } from './prediction.ts'

/** Metres ahead of the reference point to the front axle, as the game reports of its tractors. */
export const frontAxleAhead = 1.6

const heading: Rotation = emptyRotation()
const pitch: Rotation = emptyRotation()

/** A point in world axes, metres; written in place. */
interface Point {
  x: number
  y: number
  z: number
}
const ends = { a: { x: 0.5, y: 0.5, z: 0.5 }, b: { x: 0.5, y: 0.5, z: 0.5 } }

/**
 * Whether two poses of one vehicle differ by more than `boundMetres` where they differ most: at the front axle or at the tail of the
 * last trailer, which a small angle swings far. Allocates nothing.
 */
export function areApart(
  a: Readonly<VehicleState>,
  b: Readonly<VehicleState>,
  { boundMetres }: Readonly<{ boundMetres: number }>,
): boolean {
  setFront(a, ends.a)
  setFront(b, ends.b)
  if (isFurther(boundMetres)) return true
  setTail(a, ends.a)
  setTail(b, ends.b)
  return isFurther(boundMetres)
}

function setFront(state: Readonly<VehicleState>, point: Point): void {
  point.x = state.x
  point.y = state.y
  point.z = state.z
  heading.turns = state.heading
  rotate(heading)
  pitch.turns = state.pitch
  rotate(pitch)
  move(point, frontAxleAhead)
}

function setTail(state: Readonly<VehicleState>, point: Point): void {
  point.x = state.x
  point.y = state.y
  point.z = state.z
  heading.turns = state.heading
  rotate(heading)
  pitch.turns = state.pitch
  rotate(pitch)
  move(point, -hitchBehindTruck)
  let yaw = state.heading
  let tilt = state.pitch
  for (let index = 0; index < state.trailerCount; index++) {
    const trailer = state.trailers[index]
    if (trailer === undefined) break
    yaw += trailer.yaw
    tilt += trailer.pitch
    heading.turns = yaw
    rotate(heading)
    pitch.turns = tilt
    rotate(pitch)
    const isLast = index === state.trailerCount - 1
    move(point, -(trailerWheelbase + (isLast ? trailerOverhang : hitchBehindTrailer)))
  }
}

/** Moves `point` along `heading` and `pitch`. */
function move(point: Point, metres: number): void {
  const flat = metres * pitch.cos
  point.x -= flat * heading.sin
  point.y += metres * pitch.sin
  point.z -= flat * heading.cos
}

/** Whether the ends are more than `metres` apart. */
function isFurther(metres: number): boolean {
  const { a, b } = ends
  const dx = a.x - b.x
  const dy = a.y - b.y
  const dz = a.z - b.z
  return dx * dx + dy * dy + dz * dz > metres * metres
}
