/** A point of a curve on the map; heading in radians, counter-clockwise, 0 north (−Z). */
export interface CurvePoint {
  x: number
  z: number
  heading: number
}

// Gauss–Legendre quadrature with three points on 0…1 (Abramowitz & Stegun, table 25.4): exact for degree five.
const outer = Math.sqrt(0.6) / 2
const nodes = [0.5 - outer, 0.5, 0.5 + outer] as const
const weights = [5 / 18, 8 / 18, 5 / 18] as const

/** Longest way integrated in one go, metres: with bends of 300 m radius the error is below 1e-10 m. */
const longestStep = 10

/**
 * Follows a curve for `distance` metres from `from`, where curvature starts at `curvature` and grows by `growth` per
 * metre: the way of a clothoid. `out` may be `from`.
 */
export function advance(
  from: Readonly<CurvePoint>,
  curvature: number,
  growth: number,
  distance: number,
  out: CurvePoint,
): CurvePoint {
  // Straights are exact in one step however long.
  const steps = curvature === 0 && growth === 0 ? 1 : Math.max(1, Math.ceil(distance / longestStep))
  const step = distance / steps
  let { x, z, heading } = from
  let current = curvature
  for (let index = 0; index < steps; index++) {
    for (let node = 0; node < nodes.length; node++) {
      const along = (nodes[node] ?? 0) * step
      const angle = heading + (current + (growth * along) / 2) * along
      const weight = (weights[node] ?? 0) * step
      x -= Math.sin(angle) * weight
      z -= Math.cos(angle) * weight
    }
    heading += (current + (growth * step) / 2) * step
    current += growth * step
  }
  out.x = x
  out.z = z
  out.heading = heading
  return out
}
