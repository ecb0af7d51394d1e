import type { VehicleState } from '../../lib/protocol/index.ts'

/** A vector in world axes: x east, y up, z south. */
export interface Vector {
  x: number
  y: number
  z: number
}

/** Velocity in world axes, m/s, of a state that has it in the vehicle's own. */
export function worldVelocity(state: Readonly<VehicleState>): Vector {
  const { forward, up, right } = axesOf(state)
  return combine(forward, -state.velocityZ, up, state.velocityY, right, state.velocityX)
}

/** Acceleration in world axes, m/s²: along the vehicle, and in bends to their inside. */
export function worldAcceleration(state: Readonly<VehicleState>): Vector {
  const { forward, up, right } = axesOf(state)
  return combine(forward, state.acceleration, up, 0, right, state.velocityZ * state.yawRate)
}

/** Unit vectors of the vehicle: heading counter-clockwise from north, pitch up, roll counter-clockwise from behind. */
function axesOf(state: Readonly<VehicleState>): { forward: Vector; up: Vector; right: Vector } {
  const heading = state.heading * 2 * Math.PI
  const pitch = state.pitch * 2 * Math.PI
  const roll = state.roll * 2 * Math.PI
  const [sinH, cosH, sinP, cosP] = [Math.sin(heading), Math.cos(heading), Math.sin(pitch), Math.cos(pitch)]
  const levelRight = { x: cosH, y: 0, z: -sinH }
  const levelUp = { x: sinH * sinP, y: cosP, z: cosH * sinP }
  const zero = { x: 0, y: 0, z: 0 }
  return {
    forward: { x: -sinH * cosP, y: sinP, z: -cosH * cosP },
    right: combine(levelRight, Math.cos(roll), levelUp, Math.sin(roll), zero, 0),
    up: combine(levelRight, -Math.sin(roll), levelUp, Math.cos(roll), zero, 0),
  }
}

function combine(a: Vector, byA: number, b: Vector, byB: number, c: Vector, byC: number): Vector {
  return {
    x: a.x * byA + b.x * byB + c.x * byC,
    y: a.y * byA + b.y * byB + c.y * byC,
    z: a.z * byA + b.z * byB + c.z * byC,
  }
}
