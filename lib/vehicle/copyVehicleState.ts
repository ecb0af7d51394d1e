import type { VehicleState } from '../protocol/index.ts'

/** Copies every value of `from` into `into`, without allocating. */
export function copyVehicleState(from: Readonly<VehicleState>, into: VehicleState): void {
  into.x = from.x
  into.y = from.y
  into.z = from.z
  into.heading = from.heading
  into.pitch = from.pitch
  into.roll = from.roll
  into.velocityX = from.velocityX
  into.velocityY = from.velocityY
  into.velocityZ = from.velocityZ
  into.acceleration = from.acceleration
  into.yawRate = from.yawRate
  into.steering = from.steering
  into.throttle = from.throttle
  into.brake = from.brake
  into.flags = from.flags
  into.gear = from.gear
  into.rpm = from.rpm
  into.trailerCount = from.trailerCount
  for (let index = 0; index < from.trailerCount; index++) {
    const source = from.trailers[index]
    const trailer = into.trailers[index]
    if (source === undefined || trailer === undefined) continue
    trailer.yaw = source.yaw
    trailer.pitch = source.pitch
    trailer.roll = source.roll
  }
}

/** Whether a vehicle is somewhere: position (0, 0, 0) means not placed yet, or hidden. */
export function isPlaced(state: Readonly<VehicleState>): boolean {
  return state.x !== 0 || state.y !== 0 || state.z !== 0
}

/** Metres between two vehicles, straight through the air, from reference point to reference point. */
export function distanceBetween(a: Readonly<VehicleState>, b: Readonly<VehicleState>): number {
  const dx = a.x - b.x
  const dy = a.y - b.y
  const dz = a.z - b.z
  return Math.sqrt(dx * dx + dy * dy + dz * dz)
}
