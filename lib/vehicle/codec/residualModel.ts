import { residual, type SymbolCoder } from './symbols.ts'

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
const columnCount = spans.length + 1
export const columns = columnCount

/** Usual scale, in steps, by quantity and span. */
const usualScales = new Float64Array(
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

export const usual = usualScales

/** Share of the scale that stays whatever doubt says, by quantity. */
const steadyShares = new Float64Array([0.55, 0.5, 0.2, 0.3, 0.45, 0.5, 0.5, 0.3, 0.5, 0.55, 0.3, 0.6, 0.35])
export const steady = steadyShares

/** How fast doubt follows what is seen, and how much a single update may add to it. */
const doubtShare = 0.4
const largestSurprise = 6

/** The column for `ticks` (¼ ms) between an update and its baseline. */
export function spanOf(ticks: number): number {
  let span = 0
  while (span < spans.length && ticks >= (spans[span] ?? 0)) span++
  return span
}

// Of this module's own, as engines compile those in, but look imported ones up at each use.
const told = residual

/**
 * Codes `value` about `residual.predicted`, at the scale of quantity `of` at `span`, doubt being `doubts[slot]`: 1 where
 * predictions are as wrong as usual. Sets `into[slot]` to the doubt afterwards. @returns the value.
 */
export function codeDoubted(
  coder: SymbolCoder,
  value: number,
  of: number,
  span: number,
  doubts: Float64Array,
  into: Float64Array,
  slot: number,
): number {
  const usually = usualScales[of * columnCount + span] ?? 1
  const kept = steadyShares[of] ?? 1
  const doubt = doubts[slot] ?? 1
  told.scale = usually * (kept + (1 - kept) * doubt)
  const coded = coder.residual(value)
  const surprise = told.distance / usually
  into[slot] = doubt + ((surprise < largestSurprise ? surprise : largestSurprise) - doubt) * doubtShare
  return coded
}
