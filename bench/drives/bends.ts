import { rise } from './hills.ts'

/** Some road: its length in metres, and its curvature along it, 1/m, positive to the left. */
export interface Bend {
  readonly length: number
  curvatureAt(metres: number): number
}

const radiansPerDegree = Math.PI / 180

/**
 * A bend that turns by `degrees` (positive to the left) with `radius` metres. Its curvature grows and falls over
 * `transition` metres.
 */
export function bend(degrees: number, radius: number, transition: number): Bend {
  const angle = Math.abs(degrees) * radiansPerDegree
  // Both transitions together turn by transition / radius: a slight bend never gets as tight.
  const arc = Math.max(0, radius * angle - transition)
  const peak = (arc > 0 ? 1 / radius : angle / transition) * Math.sign(degrees)
  const length = arc + 2 * transition
  return {
    length,
    curvatureAt: (metres) => peak * rise(metres / transition) * rise((length - metres) / transition),
  }
}

/** To the next lane, `offset` metres to the left, and straight on. */
export function laneChange(offset: number, length: number): Bend {
  // Curvature κ sin(2πs/L) moves sideways by κL²/2π.
  const peak = (2 * Math.PI * offset) / (length * length)
  return {
    length,
    curvatureAt: (metres) =>
      metres < 0 || metres > length ? 0 : peak * Math.sin((2 * Math.PI * metres) / length),
  }
}

/** `length` metres straight on. */
export function straight(length: number): Bend {
  return { length, curvatureAt: () => 0 }
}

/** One after the other. */
export function road(...bends: readonly Bend[]): Bend {
  const starts: number[] = []
  let length = 0
  for (const { length: own } of bends) {
    starts.push(length)
    length += own
  }
  let current = 0
  return {
    length,
    curvatureAt(metres) {
      // Whoever drives asks for the same place again, or the next.
      if ((starts[current] ?? 0) > metres) current = 0
      while (current + 1 < bends.length && (starts[current + 1] ?? 0) <= metres) current++
      return bends[current]?.curvatureAt(metres - (starts[current] ?? 0)) ?? 0
    },
  }
}

const wander = [
  { curvature: 8e-5, perMetre: (2 * Math.PI) / 70 },
  { curvature: 8e-5, perMetre: (2 * Math.PI) / 190 },
]

/** Curvature of a driver who keeps correcting, by up to 8 cm to either side: nobody drives straight. */
export function wanderAt(metres: number): number {
  let curvature = 0
  for (const wave of wander) curvature += wave.curvature * Math.sin(wave.perMetre * metres)
  return curvature
}
