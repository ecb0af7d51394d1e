import { vehicleFlags } from '../../protocol/index.ts'
import { codeOf, isHidden, stepsPer, type Codes, type ObservedTimes } from '../../vehicle/index.ts'

/** One sample of a vehicle as all members got it: as its driver sent it, not as it is shown. Filled anew for each. */
export class MotionSample {
  /** When it was sampled, on the local clock, ms. */
  at = -Infinity
  placed = false
  x = 0
  y = 0
  z = 0
  /** m/s, in any direction. */
  speed = 0
  /** m/s forwards or backwards, never negative. */
  pace = 0
  ghost = false
  paused = false

  /** Takes an update; its times in an object, since a number handed over may cost an allocation. */
  fill(codes: Readonly<Codes>, { sampledAt, receivedAt }: Readonly<ObservedTimes>): void {
    // Who stamps what it sends with a clock that runs fast drives slowly by that clock, and in the future by this one.
    this.at = sampledAt < receivedAt ? sampledAt : receivedAt
    this.placed = !isHidden(codes)
    this.x = codeAt(codes, codeOf.x) / stepsPer.metre
    this.y = codeAt(codes, codeOf.y) / stepsPer.metre
    this.z = codeAt(codes, codeOf.z) / stepsPer.metre
    const right = codeAt(codes, codeOf.velocityX) / stepsPer.slip
    const up = codeAt(codes, codeOf.velocityY) / stepsPer.slip
    const back = codeAt(codes, codeOf.velocityZ) / stepsPer.speed
    this.speed = Math.sqrt(right * right + up * up + back * back)
    this.pace = Math.abs(back)
    const flags = codeAt(codes, codeOf.flags)
    this.ghost = (flags & vehicleFlags.ghost) !== 0
    this.paused = (flags & vehicleFlags.paused) !== 0
  }

  /** Becomes the same as another one. */
  copy(other: Readonly<MotionSample>): void {
    this.at = other.at
    this.placed = other.placed
    this.x = other.x
    this.y = other.y
    this.z = other.z
    this.speed = other.speed
    this.pace = other.pace
    this.ghost = other.ghost
    this.paused = other.paused
  }

  /** Metres to another one. */
  distanceTo(other: Readonly<MotionSample>): number {
    const dx = this.x - other.x
    const dy = this.y - other.y
    const dz = this.z - other.z
    return Math.sqrt(dx * dx + dy * dy + dz * dz)
  }
}

function codeAt(codes: Readonly<Codes>, index: number): number {
  return codes[index] ?? 0
}
