import type { VehicleState } from '../../lib/protocol/index.ts'
import { coupling, frontAxle, nextCoupling, overhang, trailerWheelbase } from './truck.ts'

/** The two points of a vehicle that errors are measured at, metres in world axes. */
export interface Ends {
  frontX: number
  frontY: number
  frontZ: number
  rearX: number
  rearY: number
  rearZ: number
}

/** To be filled by {@link endsOf}. */
export function emptyEnds(): Ends {
  return { frontX: 0, frontY: 0, frontZ: 0, rearX: 0, rearY: 0, rearZ: 0 }
}

/** Fills `out` with the front axle of the truck and the tail of its last trailer. */
export function endsOf(state: Readonly<VehicleState>, out: Ends): Ends {
  let heading = state.heading * 2 * Math.PI
  let pitch = state.pitch * 2 * Math.PI
  out.frontX = state.x - Math.sin(heading) * Math.cos(pitch) * frontAxle
  out.frontY = state.y + Math.sin(pitch) * frontAxle
  out.frontZ = state.z - Math.cos(heading) * Math.cos(pitch) * frontAxle
  out.rearX = state.x
  out.rearY = state.y
  out.rearZ = state.z
  goBack(coupling, heading, pitch, out)
  for (let index = 0; index < state.trailerCount; index++) {
    const trailer = state.trailers[index]
    heading += (trailer?.yaw ?? 0) * 2 * Math.PI
    pitch += (trailer?.pitch ?? 0) * 2 * Math.PI
    const isLast = index === state.trailerCount - 1
    goBack(trailerWheelbase + (isLast ? overhang : nextCoupling), heading, pitch, out)
  }
  return out
}

function goBack(metres: number, heading: number, pitch: number, out: Ends): void {
  const flat = metres * Math.cos(pitch)
  out.rearX += Math.sin(heading) * flat
  out.rearY -= Math.sin(pitch) * metres
  out.rearZ += Math.cos(heading) * flat
}
