import { limits } from '../../protocol/index.ts'
import type { MotionRates } from '../prediction.ts'
import { codeOf, codesLength, stepsPer, type Codes } from './codes.ts'
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

const ratesLength = rateOf.trailers + limits.trailers * ratesPerTrailer
const doubtsLength = trailerDoubts + limits.trailers * doubtsPerTrailer
/** Bytes of one's numbers, in whole doubles, so that those of the next are aligned. */
const knownBytes = 8 * Math.ceil(ratesLength + doubtsLength + codesLength / 2)

/** One that knows nothing. */
export function emptyKnown(): Known {
  return knownIn(new ArrayBuffer(knownBytes), 0)
}

/** Several of them, in one piece of memory: to ask the platform for three pieces each takes six times as long. */
export function emptyKnowns(count: number): Known[] {
  const memory = new ArrayBuffer(count * knownBytes)
  return Array.from({ length: count }, (_, place) => knownIn(memory, place * knownBytes))
}

function knownIn(memory: ArrayBuffer, offset: number): Known {
  const doubtsAt = offset + 8 * ratesLength
  const codesAt = doubtsAt + 8 * doubtsLength
  return {
    ticks: 0,
    codes: new Int32Array(memory, codesAt, codesLength),
    rates: new Float64Array(memory, offset, ratesLength),
    doubts: new Float64Array(memory, doubtsAt, doubtsLength).fill(1),
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
