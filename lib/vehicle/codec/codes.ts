import { limits, vehicleFlags, type VehicleState } from '../../protocol/index.ts'
import { wrapHalfTurns, wrapTurns } from '../deterministicMath.ts'

/**
 * A vehicle state in whole steps, docs/protocol/05-vehicle.md [VEH-10]: what all receivers of a sample hold alike,
 * whichever way it came to them. Indexed by {@link codeOf}; trailers not in use are zero.
 */
export type Codes = Int32Array

/** Where each part of a vehicle state is in {@link Codes}. */
const at = {
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
// Exported under another name, since engines compile a module's own constants in, but look exported ones up at each use.
export const codeOf = at

/** Codes of one trailer. */
const perTrailer = 3
export const codesPerTrailer = perTrailer
/** How many codes there are. */
export const codesLength = codeOf.trailers + limits.trailers * codesPerTrailer

/** Steps per unit of the value: metre, turn, m/s, m/s², rad/s. Each is a power of two, so that values are exact. */
const steps = {
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
export const stepsPer = steps

const knownFlags = Object.values(vehicleFlags).reduce((all: number, flag) => all | flag, 0)

/** Codes of zeros: not placed. */
export function emptyCodes(): Codes {
  return new Int32Array(codesLength)
}

/** Fills `codes` from `state`, which must have passed `validateVehicleState`. */
export function quantise(state: Readonly<VehicleState>, codes: Codes): void {
  codes[at.x] = scaled(state.x, steps.metre, -33_554_432, 33_554_431)
  codes[at.y] = scaled(state.y, steps.metre, -65_536, 196_607)
  codes[at.z] = scaled(state.z, steps.metre, -33_554_432, 33_554_431)
  const heading = Math.round(wrapTurns(state.heading) * steps.turn) & (steps.turn - 1)
  const pitch = scaled(state.pitch, steps.turn, -2_048, 2_047)
  codes[at.heading] = heading
  codes[at.pitch] = pitch
  codes[at.roll] = wrapCode(Math.round(wrapHalfTurns(state.roll) * steps.rollTurn), steps.rollTurn)
  codes[at.velocityX] = scaled(state.velocityX, steps.slip, -2_048, 2_047)
  codes[at.velocityY] = scaled(state.velocityY, steps.slip, -2_048, 2_047)
  codes[at.velocityZ] = scaled(state.velocityZ, steps.speed, -4_096, 4_095)
  codes[at.acceleration] = scaled(state.acceleration, steps.acceleration, -128, 127)
  codes[at.yawRate] = scaled(state.yawRate, steps.yawRate, -256, 255)
  codes[at.steering] = scaled(state.steering, steps.steering, -127, 127)
  codes[at.throttle] = scaled(state.throttle, steps.pedal, 0, 63)
  codes[at.brake] = scaled(state.brake, steps.pedal, 0, 63)
  codes[at.flags] = state.flags & knownFlags
  codes[at.gear] = state.gear
  codes[at.rpm] = scaled(state.rpm, steps.rpm, 0, 127)
  codes[at.trailerCount] = state.trailerCount
  quantiseTrailers(state, codes)
}

/** Where each stands in the world is rounded, then told relative to what pulls it: so errors don't add up. */
function quantiseTrailers(state: Readonly<VehicleState>, codes: Codes): void {
  let yaw = state.heading
  let pitch = state.pitch
  let yawCode = codes[at.heading] ?? 0
  let pitchCode = codes[at.pitch] ?? 0
  for (let index = 0; index < limits.trailers; index++) {
    const base = at.trailers + index * perTrailer
    const trailer = state.trailers[index]
    if (trailer === undefined || index >= state.trailerCount) {
      codes[base] = 0
      codes[base + 1] = 0
      codes[base + 2] = 0
      continue
    }
    yaw += trailer.yaw
    pitch += trailer.pitch
    const ownYaw = Math.round(yaw * steps.turn)
    const ownPitch = Math.round(pitch * steps.turn)
    codes[base] = wrapCode(ownYaw - yawCode, steps.turn)
    codes[base + 1] = wrapCode(ownPitch - pitchCode, steps.turn)
    codes[base + 2] = wrapCode(Math.round(wrapHalfTurns(trailer.roll) * steps.rollTurn), steps.rollTurn)
    yawCode = ownYaw
    pitchCode = ownPitch
  }
}

/** Fills `state` with what `codes` stand for: always within the ranges of `VehicleState`. */
export function dequantise(codes: Readonly<Codes>, state: VehicleState): void {
  state.x = (codes[at.x] ?? 0) / steps.metre
  state.y = (codes[at.y] ?? 0) / steps.metre
  state.z = (codes[at.z] ?? 0) / steps.metre
  state.heading = (codes[at.heading] ?? 0) / steps.turn
  state.pitch = (codes[at.pitch] ?? 0) / steps.turn
  state.roll = (codes[at.roll] ?? 0) / steps.rollTurn
  state.velocityX = (codes[at.velocityX] ?? 0) / steps.slip
  state.velocityY = (codes[at.velocityY] ?? 0) / steps.slip
  state.velocityZ = (codes[at.velocityZ] ?? 0) / steps.speed
  state.acceleration = (codes[at.acceleration] ?? 0) / steps.acceleration
  state.yawRate = (codes[at.yawRate] ?? 0) / steps.yawRate
  state.steering = (codes[at.steering] ?? 0) / steps.steering
  state.throttle = (codes[at.throttle] ?? 0) / steps.pedal
  state.brake = (codes[at.brake] ?? 0) / steps.pedal
  state.flags = codes[at.flags] ?? 0
  state.gear = codes[at.gear] ?? 0
  state.rpm = (codes[at.rpm] ?? 0) / steps.rpm
  state.trailerCount = codes[at.trailerCount] ?? 0
  for (let index = 0; index < limits.trailers; index++) {
    const trailer = state.trailers[index]
    if (trailer === undefined) continue
    const base = at.trailers + index * perTrailer
    trailer.yaw = (codes[base] ?? 0) / steps.turn
    trailer.pitch = (codes[base + 1] ?? 0) / steps.turn
    trailer.roll = (codes[base + 2] ?? 0) / steps.rollTurn
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
  at.heading,
  at.throttle,
  at.brake,
  at.flags,
  at.rpm,
  at.trailerCount,
])
/** Least and greatest value of each code. */
const least = new Int32Array(codeWidths.map((width, code) => (unsigned.has(code) ? 0 : -(2 ** (width - 1)))))
const greatest = new Int32Array(
  codeWidths.map((width, code) => 2 ** (unsigned.has(code) ? width : width - 1) - 1),
)
// Not what the width allows: the range of the game's height, and the lock that both sides reach alike.
least[at.y] = -512 * steps.metre
greatest[at.y] = 1_536 * steps.metre - 1
least[at.steering] = -steps.steering

/** The value of `code` that its bits, as written, stand for. */
export function signedCode(code: number, bits: number): number {
  const width = codeWidths[code] ?? 1
  return (least[code] ?? 0) < 0 && bits >= 2 ** (width - 1) ? bits - 2 ** width : bits
}

/** Whether `codes` are what some vehicle state gives: each in its range, and no flag that isn't known. */
export function areValid(codes: Readonly<Codes>): boolean {
  for (let code = 0; code < codesLength; code++) {
    const value = codes[code] ?? 0
    if (value < (least[code] ?? 0) || value > (greatest[code] ?? 0)) return false
  }
  return ((codes[at.flags] ?? 0) & ~knownFlags) === 0
}

/** Whether `codes` are those of a vehicle that isn't placed, [VEH-17]. */
export function isHidden(codes: Readonly<Codes>): boolean {
  return (codes[at.x] ?? 0) === 0 && (codes[at.y] ?? 0) === 0 && (codes[at.z] ?? 0) === 0
}

function scaled(value: number, scale: number, min: number, max: number): number {
  const rounded = Math.round(value * scale)
  return rounded < min ? min : rounded > max ? max : rounded
}
