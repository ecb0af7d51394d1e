import { residual } from './symbols.ts'

/**
 * How far updates lie from what their baseline foretells: measured, not chosen. Scales of Student's t-distribution that code
 * generated drives in the fewest bits (scripts/fitResidualModel.ts); part of the protocol, [VEH-14].
 */

/** What the model tells apart. Places east and south are alike. */
export const quantity = {
  speed: 0,
  acceleration: 1,
  yawRate: 2,
  heading: 3,
  slip: 4,
  lift: 5,
  pitch: 6,
  roll: 7,
  place: 8,
  height: 9,
  trailerYaw: 10,
  trailerPitch: 11,
  trailerRoll: 12,
} as const

/** Least ¼ ms between an update and its baseline from which on the next column holds; before the first nothing moved. */
const spans = [4, 240, 480, 680, 880, 1_280, 1_800, 2_600, 4_000, 6_000]
export const columns = spans.length + 1

/** Usual scale, in steps, by quantity and span. */
export const usual = new Float64Array(
  [
    [0.02, 0.21, 0.35, 0.5, 0.71, 1.2, 1.7, 2.4, 5.7, 8, 13.5],
    [0.02, 0.84, 0.5, 0.35, 0.35, 0.42, 0.5, 0.6, 0.84, 1.2, 1.4],
    [0.02, 0.42, 0.5, 0.6, 0.6, 0.71, 1, 1.2, 2, 2.8, 4],
    [0.02, 0.18, 0.18, 0.21, 0.3, 0.42, 0.6, 0.71, 1.2, 2, 5.7],
    [0.02, 0.21, 0.21, 0.21, 0.21, 0.21, 0.21, 0.21, 0.21, 0.25, 0.25],
    [0.02, 0.3, 0.35, 0.35, 0.42, 0.42, 0.5, 0.5, 0.6, 0.71, 0.84],
    [0.02, 0.42, 0.5, 0.6, 0.6, 0.71, 1, 1.2, 2.4, 3.4, 4.8],
    [0.02, 0.42, 0.42, 0.42, 0.42, 0.5, 0.6, 0.71, 1, 1.2, 1.4],
    [0.02, 0.18, 0.18, 0.18, 0.18, 0.21, 0.25, 0.35, 1, 1.7, 4],
    [0.02, 0.21, 0.21, 0.21, 0.21, 0.25, 0.3, 0.42, 0.71, 1, 1.2],
    [0.02, 0.42, 0.35, 0.35, 0.42, 0.5, 0.6, 0.71, 1, 1.7, 2.8],
    [0.02, 0.35, 0.42, 0.42, 0.5, 0.5, 0.6, 0.84, 1.7, 2.4, 3.4],
    [0.02, 0.3, 0.35, 0.35, 0.35, 0.42, 0.42, 0.42, 0.6, 0.6, 0.71],
  ].flat(),
)

/** Share of the scale that stays whatever doubt says, by quantity. */
export const steady = new Float64Array([0.55, 0.5, 0.2, 0.3, 0.45, 0.5, 0.5, 0.3, 0.5, 0.55, 0.3, 0.6, 0.35])

/** How fast doubt follows what is seen, and how much a single update may add to it. */
const doubtShare = 0.4
const largestSurprise = 6

/** The column for `ticks` (¼ ms) between an update and its baseline. */
export function spanOf(ticks: number): number {
  let span = 0
  while (span < spans.length && ticks >= (spans[span] ?? 0)) span++
  return span
}

/** What a lookup tells, in an object that is reused: fractions returned may cost an allocation. */
export const model = {
  /** Scale to code with. */
  scale: 0.5,
}

/** Sets `model.scale` for `of` at `span`, doubt being `doubts[slot]`: 1 where predictions are as wrong as usual. */
export function lookUpScale(of: number, span: number, doubts: Float64Array, slot: number): void {
  const kept = steady[of] ?? 1
  model.scale = (usual[of * columns + span] ?? 1) * (kept + (1 - kept) * (doubts[slot] ?? 1))
}

/** Sets `into[slot]` to the doubt after a value was found `residual.distance` from its prediction. */
export function updateDoubt(
  of: number,
  span: number,
  doubts: Float64Array,
  slot: number,
  into: Float64Array,
): void {
  const before = doubts[slot] ?? 1
  const surprise = residual.distance / (usual[of * columns + span] ?? 1)
  into[slot] = before + ((surprise < largestSurprise ? surprise : largestSurprise) - before) * doubtShare
}
