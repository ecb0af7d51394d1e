import type { VehicleState } from '../protocol/index.ts'

/** A remote truck at frame time. The object and its state are reused: read them at once, copy what you keep. */
export interface RemoteVehicle {
  /** Fingerprint of the member that drives it. */
  readonly memberId: string
  /** Where it is drawn, at the `now` of the last `sample`. */
  readonly state: Readonly<VehicleState>
  /** Milliseconds since the newest update was sampled by its driver. */
  readonly ageMs: number
  /** How much of it to draw, 0…1: it fades out when nothing arrives any more. */
  readonly opacity: number
  /**
   * Whether nothing may collide with it: its driver says so, the rules want it while its game is paused, or the host has
   * put it into the slow lane. The flag `ghost` of the state says the same.
   */
  readonly ghost: boolean
}

/** The remote vehicles of a convoy. */
export interface RemoteVehicles {
  /**
   * Every remote truck that is placed, at local time `now` (milliseconds of the convoy's clock, by default its
   * current time). Allocates nothing: the same array and objects are filled at each call.
   */
  sample(now?: number): readonly RemoteVehicle[]
}
