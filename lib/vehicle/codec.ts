import type { BitReader, BitWriter } from '../core/index.ts'
import { limits, vehicleFlags, type TrailerState, type VehicleState } from '../protocol/index.ts'
import { wrapHalfTurns, wrapTurns } from './deterministicMath.ts'

/**
 * The full-state update of docs/protocol/05-vehicle.md, [VEH-10] to [VEH-18]: every field at its full width,
 * most significant bit first. Nothing here allocates.
 */

/** One update as it was read: a vehicle state, and which and of when it is. */
export interface VehicleUpdate {
  /** 0…65,535, one more than the update before, modulo 2^16. */
  sequence: number
  /** When the state was sampled, on the sender's clock, in ¼ ms modulo 2^24. */
  time: number
  state: VehicleState
}

/** Bits of an update without trailers. */
export const bareUpdateBits = 258
/** Bits that each trailer adds. */
export const trailerBits = 30
/** Bits of the largest update. */
export const maxUpdateBits = bareUpdateBits + limits.trailers * trailerBits

const knownFlags = Object.values(vehicleFlags).reduce((all: number, flag) => all | flag, 0)

/**
 * Trailer pitch and roll get 8 bits. On the road they stay within a few degrees and swing the far end of a
 * 13 m trailer, so 1/2048 turn (0.18°) up to 96 steps (17°); the codes beyond reach ±½ turn, where it has tipped over.
 */
const fineStep = 1 / 2048
const fineCodes = 96
const maxTiltCode = 127
const coarseStep = (0.5 - fineCodes * fineStep) / (maxTiltCode - fineCodes)

/** Writes one update. The state must have passed `validateVehicleState`. */
export function writeUpdate(writer: BitWriter, sequence: number, time: number, state: VehicleState): void {
  writer.write(sequence & 0xffff, 16)
  writer.write(time & 0xffffff, 24)
  writer.write(scaled(state.x, 128, -33_554_432, 33_554_431), 26)
  writer.write(scaled(state.y + 512, 128, 0, 262_143), 18)
  writer.write(scaled(state.z, 128, -33_554_432, 33_554_431), 26)
  writer.write(Math.round(wrapTurns(state.heading) * 65_536) & 0xffff, 16)
  writer.write(scaled(state.pitch, 8_192, -2_048, 2_047), 12)
  writer.write(Math.round(wrapHalfTurns(state.roll) * 4_096) & 0xfff, 12)
  writer.write(scaled(state.velocityX, 64, -4_096, 4_095), 13)
  writer.write(scaled(state.velocityY, 64, -4_096, 4_095), 13)
  writer.write(scaled(state.velocityZ, 64, -4_096, 4_095), 13)
  writer.write(scaled(state.acceleration, 16, -256, 255), 9)
  writer.write(scaled(state.yawRate, 512, -512, 511), 10)
  writer.write(scaled(state.steering, 127, -127, 127), 8)
  writer.write(scaled(state.throttle, 63, 0, 63), 6)
  writer.write(scaled(state.brake, 63, 0, 63), 6)
  writer.write(state.flags & knownFlags, 16)
  writer.write(state.gear, 5)
  writer.write(scaled(state.rpm, 1 / 25, 0, 127), 7)
  writer.write(state.trailerCount, 2)
  for (let index = 0; index < state.trailerCount; index++) {
    const trailer = state.trailers[index]
    if (trailer !== undefined) writeTrailer(writer, trailer)
  }
}

/**
 * Reads one update into `into`. False when the input ends early or holds a code that no sender writes; what
 * `into` holds then means nothing. Every value read is within the ranges of `VehicleState`.
 */
export function readUpdate(reader: BitReader, into: VehicleUpdate): boolean {
  const state = into.state
  into.sequence = reader.read(16)
  into.time = reader.read(24)
  state.x = reader.readSigned(26) / 128
  state.y = reader.read(18) / 128 - 512
  state.z = reader.readSigned(26) / 128
  state.heading = reader.read(16) / 65_536
  state.pitch = reader.readSigned(12) / 8_192
  state.roll = reader.readSigned(12) / 4_096
  state.velocityX = reader.readSigned(13) / 64
  state.velocityY = reader.readSigned(13) / 64
  state.velocityZ = reader.readSigned(13) / 64
  state.acceleration = reader.readSigned(9) / 16
  state.yawRate = reader.readSigned(10) / 512
  const steering = reader.readSigned(8)
  state.steering = steering / 127
  state.throttle = reader.read(6) / 63
  state.brake = reader.read(6) / 63
  state.flags = reader.read(16) & knownFlags
  state.gear = reader.readSigned(5)
  state.rpm = reader.read(7) * 25
  state.trailerCount = reader.read(2)
  let valid = steering >= -127
  for (let index = 0; index < state.trailerCount; index++) {
    valid = readTrailer(reader, state.trailers[index]) && valid
  }
  return valid && !reader.overrun
}

function writeTrailer(writer: BitWriter, trailer: TrailerState): void {
  writer.write(Math.round(wrapHalfTurns(trailer.yaw) * 16_384) & 0x3fff, 14)
  // Pitch, then roll: a loop, since a function of a fraction may cost an allocation.
  for (let axis = 0; axis < 2; axis++) {
    const turns = axis === 0 ? trailer.pitch : trailer.roll
    const size = Math.abs(turns)
    const fine = Math.round(size / fineStep)
    const coarse = fineCodes + Math.round((size - fineCodes * fineStep) / coarseStep)
    const code = fine <= fineCodes ? fine : Math.min(maxTiltCode, coarse)
    writer.write(turns < 0 ? -code : code, 8)
  }
}

function readTrailer(reader: BitReader, trailer: TrailerState | undefined): boolean {
  const yaw = reader.readSigned(14)
  const pitch = reader.readSigned(8)
  const roll = reader.readSigned(8)
  if (trailer === undefined || pitch < -maxTiltCode || roll < -maxTiltCode) return false
  trailer.yaw = yaw / 16_384
  trailer.pitch = tiltOf(pitch)
  trailer.roll = tiltOf(roll)
  return true
}

function tiltOf(code: number): number {
  const size = Math.abs(code)
  const turns = size <= fineCodes ? size * fineStep : fineCodes * fineStep + (size - fineCodes) * coarseStep
  return code < 0 ? -Math.min(turns, 0.5) : Math.min(turns, 0.5)
}

function scaled(value: number, scale: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(value * scale)))
}
