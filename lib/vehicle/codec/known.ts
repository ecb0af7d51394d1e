import { limits } from '../../protocol/index.ts'
import type { MotionRates } from '../prediction.ts'
import { codeOf, emptyCodes, stepsPer, type Codes } from './codes.ts'
import { quantity } from './residualModel.ts'

/** Where each rate of change is in {@link Known.rates}. */
export const rateOf = { jerk: 0, yawAcceleration: 1, pitch: 2, roll: 3, trailers: 4 } as const
/** Rates of one trailer: pitch, roll, and how its yaw departs from what rolling foretells. */
export const ratesPerTrailer = 3

/** Doubts of one trailer: about its yaw, pitch and roll. */
export const doubtsPerTrailer = 3
/** Where the first trailer's doubts are in {@link Known.doubts}; before them those of the truck, by `quantity`. */
export const trailerDoubts = quantity.trailerYaw

/**
 * An update as both ends of a link hold it, so that a later one can be told against it: its codes, and what follows from
 * them and from the baseline that it was told against itself.
 */
export interface Known {
  /** When it was sampled, on the sender's clock, in ¼ ms modulo 2^24. */
  ticks: number
  readonly codes: Codes
  /** How its motion changes: m/s³, rad/s², codes per second. By {@link rateOf}. */
  readonly rates: Float64Array
  /** How wrong predictions were lately, 1 being usual. */
  readonly doubts: Float64Array
}

/** One that knows nothing. */
export function emptyKnown(): Known {
  return {
    ticks: 0,
    codes: emptyCodes(),
    rates: new Float64Array(rateOf.trailers + limits.trailers * ratesPerTrailer),
    doubts: new Float64Array(trailerDoubts + limits.trailers * doubtsPerTrailer).fill(1),
  }
}

/** Makes `known` one that stands on no baseline: rates are unknown, doubt is usual. */
export function startAnew(known: Known): void {
  known.rates.fill(0)
  known.doubts.fill(1)
}

/** Fills `into` with how the motion of `known` was changing. */
export function readRates(known: Known, into: MotionRates): void {
  into.jerk = known.rates[rateOf.jerk] ?? 0
  into.yawAcceleration = known.rates[rateOf.yawAcceleration] ?? 0
  into.pitchRate = (known.rates[rateOf.pitch] ?? 0) / stepsPer.turn
}

/** Trailers in use. */
export function trailersOf(known: Known): number {
  return known.codes[codeOf.trailerCount] ?? 0
}
