import { limits, vehicleFlags, type VehicleState } from '../../protocol/index.ts'
import { wrapHalfTurns, wrapTurns } from '../deterministicMath.ts'

/**
 * A vehicle state in whole steps, docs/protocol/05-vehicle.md [VEH-10]: what all receivers of a sample hold alike,
 * whichever way it came to them. Indexed by {@link codeOf}; trailers not in use are zero.
 */
export type Codes = Int32Array

/** Where each part of a vehicle state is in {@link Codes}. */
export const codeOf = {
  x: 0,
  y: 1,
  z: 2,
  heading: 3,
  pitch: 4,
  roll: 5,
  velocityX: 6,
  velocityY: 7,
  velocityZ: 8,
  acceleration: 9,
  yawRate: 10,
  steering: 11,
  throttle: 12,
  brake: 13,
  flags: 14,
  gear: 15,
  rpm: 16,
  trailerCount: 17,
  /** Yaw, pitch and roll of the first trailer, then of the others. */
  trailers: 18,
} as const

/** Codes of one trailer. */
export const codesPerTrailer = 3
/** How many codes there are. */
export const codesLength = codeOf.trailers + limits.trailers * codesPerTrailer

/** Steps per unit of the value: metre, turn, m/s, m/s², rad/s. Each is a power of two, so that values are exact. */
export const stepsPer = {
  // 0.4 cm off at most along each axis, within the centimetre that an update may add.
  metre: 128,
  // 0.02° off: 0.5 cm at the tail of a 12 m trailer. Trailers count in the same step, so that errors don't add up.
  turn: 8_192,
  // Rolling moves only what is high up, 0.2 cm at 3 m.
  rollTurn: 4_096,
  // Over the 0.2 s that an update is old on screen: 0.2 cm.
  speed: 64,
  // Sideways and up a truck moves little, and what it does there is its suspension at work.
  slip: 32,
  // 0.3 cm over 0.3 s.
  acceleration: 8,
  // At 20 m/s 0.2 cm over 0.3 s.
  yawRate: 256,
  pedal: 63,
  steering: 127,
  rpm: 1 / 25,
} as const

const knownFlags = Object.values(vehicleFlags).reduce((all: number, flag) => all | flag, 0)

/** Codes of zeros: not placed. */
export function emptyCodes(): Codes {
  return new Int32Array(codesLength)
}

/** Fills `codes` from `state`, which must have passed `validateVehicleState`. */
export function quantise(state: Readonly<VehicleState>, codes: Codes): void {
  codes[codeOf.x] = scaled(state.x, stepsPer.metre, -33_554_432, 33_554_431)
  codes[codeOf.y] = scaled(state.y, stepsPer.metre, -65_536, 196_607)
  codes[codeOf.z] = scaled(state.z, stepsPer.metre, -33_554_432, 33_554_431)
  const heading = Math.round(wrapTurns(state.heading) * stepsPer.turn) & (stepsPer.turn - 1)
  const pitch = scaled(state.pitch, stepsPer.turn, -2_048, 2_047)
  codes[codeOf.heading] = heading
  codes[codeOf.pitch] = pitch
  codes[codeOf.roll] = wrapCode(Math.round(wrapHalfTurns(state.roll) * stepsPer.rollTurn), stepsPer.rollTurn)
  codes[codeOf.velocityX] = scaled(state.velocityX, stepsPer.slip, -2_048, 2_047)
  codes[codeOf.velocityY] = scaled(state.velocityY, stepsPer.slip, -2_048, 2_047)
  codes[codeOf.velocityZ] = scaled(state.velocityZ, stepsPer.speed, -4_096, 4_095)
  codes[codeOf.acceleration] = scaled(state.acceleration, stepsPer.acceleration, -128, 127)
  codes[codeOf.yawRate] = scaled(state.yawRate, stepsPer.yawRate, -256, 255)
  codes[codeOf.steering] = scaled(state.steering, stepsPer.steering, -127, 127)
  codes[codeOf.throttle] = scaled(state.throttle, stepsPer.pedal, 0, 63)
  codes[codeOf.brake] = scaled(state.brake, stepsPer.pedal, 0, 63)
  codes[codeOf.flags] = state.flags & knownFlags
  codes[codeOf.gear] = state.gear
  codes[codeOf.rpm] = scaled(state.rpm, stepsPer.rpm, 0, 127)
  codes[codeOf.trailerCount] = state.trailerCount
  quantiseTrailers(state, codes)
}

/** Where each stands in the world is rounded, then told relative to what pulls it: so errors don't add up. */
function quantiseTrailers(state: Readonly<VehicleState>, codes: Codes): void {
  let yaw = state.heading
  let pitch = state.pitch
  let yawCode = codes[codeOf.heading] ?? 0
  let pitchCode = codes[codeOf.pitch] ?? 0
  for (let index = 0; index < limits.trailers; index++) {
    const base = codeOf.trailers + index * codesPerTrailer
    const trailer = state.trailers[index]
    if (trailer === undefined || index >= state.trailerCount) {
      codes[base] = 0
      codes[base + 1] = 0
      codes[base + 2] = 0
      continue
    }
    yaw += trailer.yaw
    pitch += trailer.pitch
    const ownYaw = Math.round(yaw * stepsPer.turn)
    const ownPitch = Math.round(pitch * stepsPer.turn)
    codes[base] = wrapCode(ownYaw - yawCode, stepsPer.turn)
    codes[base + 1] = wrapCode(ownPitch - pitchCode, stepsPer.turn)
    codes[base + 2] = wrapCode(Math.round(wrapHalfTurns(trailer.roll) * stepsPer.rollTurn), stepsPer.rollTurn)
    yawCode = ownYaw
    pitchCode = ownPitch
  }
}

/** Fills `state` with what `codes` stand for: always within the ranges of `VehicleState`. */
export function dequantise(codes: Readonly<Codes>, state: VehicleState): void {
  state.x = at(codes, codeOf.x) / stepsPer.metre
  state.y = at(codes, codeOf.y) / stepsPer.metre
  state.z = at(codes, codeOf.z) / stepsPer.metre
  state.heading = at(codes, codeOf.heading) / stepsPer.turn
  state.pitch = at(codes, codeOf.pitch) / stepsPer.turn
  state.roll = at(codes, codeOf.roll) / stepsPer.rollTurn
  state.velocityX = at(codes, codeOf.velocityX) / stepsPer.slip
  state.velocityY = at(codes, codeOf.velocityY) / stepsPer.slip
  state.velocityZ = at(codes, codeOf.velocityZ) / stepsPer.speed
  state.acceleration = at(codes, codeOf.acceleration) / stepsPer.acceleration
  state.yawRate = at(codes, codeOf.yawRate) / stepsPer.yawRate
  state.steering = at(codes, codeOf.steering) / stepsPer.steering
  state.throttle = at(codes, codeOf.throttle) / stepsPer.pedal
  state.brake = at(codes, codeOf.brake) / stepsPer.pedal
  state.flags = at(codes, codeOf.flags)
  state.gear = at(codes, codeOf.gear)
  state.rpm = at(codes, codeOf.rpm) / stepsPer.rpm
  state.trailerCount = at(codes, codeOf.trailerCount)
  for (let index = 0; index < limits.trailers; index++) {
    const trailer = state.trailers[index]
    if (trailer === undefined) continue
    const base = codeOf.trailers + index * codesPerTrailer
    trailer.yaw = at(codes, base) / stepsPer.turn
    trailer.pitch = at(codes, base + 1) / stepsPer.turn
    trailer.roll = at(codes, base + 2) / stepsPer.rollTurn
  }
}

/** `code` of an angle, of which `turn` (a power of two) make a turn, wrapped into −½…+½ turn, the upper end excluded. */
export function wrapCode(code: number, turn: number): number {
  return ((code + turn / 2) & (turn - 1)) - turn / 2
}

/** Bits of each code in an absolute update; where a code is signed, in two's complement. In the order of the wire. */
export const codeWidths: readonly number[] = [
  26, 19, 26, 13, 12, 12, 12, 12, 13, 8, 9, 8, 6, 6, 14, 5, 7, 2,
  // Yaw, pitch and roll of each trailer.
  13, 13, 12, 13, 13, 12, 13, 13, 12,
]
/** Which codes count from 0; all others are signed. */
const unsigned: ReadonlySet<number> = new Set([
  codeOf.heading,
  codeOf.throttle,
  codeOf.brake,
  codeOf.flags,
  codeOf.rpm,
  codeOf.trailerCount,
])
/** Least and greatest value of each code. */
const least = new Int32Array(codeWidths.map((width, code) => (unsigned.has(code) ? 0 : -(2 ** (width - 1)))))
const greatest = new Int32Array(
  codeWidths.map((width, code) => 2 ** (unsigned.has(code) ? width : width - 1) - 1),
)
// Not what the width allows: the range of the game's height, and the lock that both sides reach alike.
least[codeOf.y] = -512 * stepsPer.metre
greatest[codeOf.y] = 1_536 * stepsPer.metre - 1
least[codeOf.steering] = -stepsPer.steering

/** The value of `code` that its bits, as written, stand for. */
export function signedCode(code: number, bits: number): number {
  const width = codeWidths[code] ?? 1
  return (least[code] ?? 0) < 0 && bits >= 2 ** (width - 1) ? bits - 2 ** width : bits
}

/** Whether `codes` are what some vehicle state gives: each in its range, and no flag that isn't known. */
export function areValid(codes: Readonly<Codes>): boolean {
  for (let code = 0; code < codesLength; code++) {
    const value = at(codes, code)
    if (value < (least[code] ?? 0) || value > (greatest[code] ?? 0)) return false
  }
  return (at(codes, codeOf.flags) & ~knownFlags) === 0
}

/** Whether `codes` are those of a vehicle that isn't placed, [VEH-17]. */
export function isHidden(codes: Readonly<Codes>): boolean {
  return at(codes, codeOf.x) === 0 && at(codes, codeOf.y) === 0 && at(codes, codeOf.z) === 0
}

function at(codes: Readonly<Codes>, index: number): number {
  return codes[index] ?? 0
}

function scaled(value: number, scale: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(value * scale)))
}
