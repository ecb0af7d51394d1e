import type { RandomSource } from '../../lib/core/index.ts'
import type { SlopeAt } from './truck.ts'

/** Metres from crest to crest and steepest slope: short humps to long climbs, together below 6 %. */
const waves = [
  { length: 130, slope: 0.008 },
  { length: 420, slope: 0.02 },
  { length: 1_500, slope: 0.03 },
] as const

/** Metres at the start of a road that are flat, so that trucks line up there; then it begins gently. */
const flat = 100

/** The slope of a hilly road. */
export function hillsOf(random: RandomSource): SlopeAt {
  const phased = waves.map((wave) => ({
    slope: wave.slope,
    perMetre: (2 * Math.PI) / wave.length,
    phase: random.next() * 2 * Math.PI,
  }))
  return (metres) => {
    if (metres <= 0) return 0
    let slope = 0
    for (const wave of phased) slope += wave.slope * Math.sin(wave.perMetre * metres + wave.phase)
    return metres >= flat ? slope : slope * rise(metres / flat)
  }
}

/** Goes from 0 to 1 without a kink, with a mean of one half. */
export function rise(share: number): number {
  const within = Math.max(0, Math.min(1, share))
  return within * within * (3 - 2 * within)
}
