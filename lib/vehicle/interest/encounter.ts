import type { VehicleState } from '../../protocol/index.ts'
import { emptyRotation, rotate, type Rotation } from '../deterministicMath.ts'

/** How a vehicle lies to a viewer. */
export interface Encounter {
  /** Metres. */
  distance: number
  /** Cosine of the angle between the viewer's heading and the vehicle: 1 is straight ahead. */
  aheadCosine: number
  /** Seconds until they meet at the speed at which they close in; Infinity while they don't. */
  meetingSeconds: number
}

/** Of nothing yet. */
export function emptyEncounter(): Encounter {
  return { distance: Infinity, aheadCosine: 0.5, meetingSeconds: Infinity }
}

const heading: Rotation = emptyRotation()
const velocity = { x: 0.5, z: 0.5 }

/** Fills `into` with how `vehicle` lies to `viewer`. Heights count for distance only. Allocates nothing. */
export function readEncounter(
  viewer: Readonly<VehicleState>,
  vehicle: Readonly<VehicleState>,
  into: Encounter,
): void {
  const dx = vehicle.x - viewer.x
  const dy = vehicle.y - viewer.y
  const dz = vehicle.z - viewer.z
  const distance = Math.sqrt(dx * dx + dy * dy + dz * dz)
  into.distance = distance
  setVelocity(vehicle)
  const vx = velocity.x
  const vz = velocity.z
  setVelocity(viewer)
  // The heading is now the viewer's.
  into.aheadCosine = distance === 0 ? 1 : (-dx * heading.sin - dz * heading.cos) / distance
  const closing = distance === 0 ? 0 : -(dx * (vx - velocity.x) + dz * (vz - velocity.z)) / distance
  into.meetingSeconds = closing > 0 ? distance / closing : Infinity
}

/** Sets `velocity` to that of a vehicle over the ground, m/s, and `heading` to its own. */
function setVelocity({ heading: turns, velocityX, velocityZ }: Readonly<VehicleState>): void {
  heading.turns = turns
  rotate(heading)
  velocity.x = velocityX * heading.cos + velocityZ * heading.sin
  velocity.z = velocityZ * heading.cos - velocityX * heading.sin
}
