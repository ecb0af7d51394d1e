import type { RandomSource } from '../../core/index.ts'

/** Metres: from short crests to long climbs. */
const wavelengths = [900, 1_400, 2_300, 3_700]

/** Steepest slope of each wave: four together stay below 4 %, a motorway's limit. */
const slopeOfWave = 0.009

/** Metres above the sea of the lowest point. */
const lowest = 10

/** Height and slope of the road at a distance. */
export interface Hill {
  /** Metres. */
  height: number
  /** Metres up per metre along the map. */
  slope: number
}

/** Mild hills along a closed road: waves of which a whole number fits into its length. */
export class Hills {
  readonly #waves: readonly {
    readonly amplitude: number
    readonly perMetre: number
    readonly phase: number
  }[]

  constructor(roadLength: number, random: RandomSource) {
    this.#waves = wavelengths.map((wavelength) => {
      const perMetre = (2 * Math.PI * Math.max(1, Math.round(roadLength / wavelength))) / roadLength
      return { amplitude: slopeOfWave / perMetre, perMetre, phase: random.next() * 2 * Math.PI }
    })
  }

  /** Fills `out` with the hill at `distance` metres. Allocates nothing. */
  at(distance: number, out: Hill): Hill {
    let height = lowest
    let slope = 0
    for (const wave of this.#waves) {
      const angle = wave.perMetre * distance + wave.phase
      height += wave.amplitude * (1 - Math.cos(angle))
      slope += wave.amplitude * wave.perMetre * Math.sin(angle)
    }
    out.height = height
    out.slope = slope
    return out
  }
}
