import { ConvoyError, type RandomSource } from '../../core/index.ts'
import type { MapPoint } from './cities.ts'
import { largestRadius, smallestRadius, transitionLength } from './constants.ts'
import { advance, type CurvePoint } from './curve.ts'

/** A stretch of road whose curvature changes evenly: a straight, a transition (clothoid) or an arc. */
export interface Stretch {
  readonly length: number
  /** Curvature at both ends, 1/m, positive to the left. */
  readonly from: number
  readonly to: number
}

/** A closed road: where it starts, and its stretches in order. Heading in radians, counter-clockwise, 0 north. */
export interface RoadPlan {
  readonly start: { readonly x: number; readonly z: number; readonly heading: number }
  readonly stretches: readonly Stretch[]
}

/**
 * Rounds the corners of a closed line as roads are built: curvature grows evenly from the straight to an arc and back,
 * so that a truck's yaw rate never jumps. No bend is tighter than {@link smallestRadius}.
 * @throws ConvoyError `invalid-argument` when two corners are too close for that.
 */
export function bendsOf(corners: readonly MapPoint[], random: RandomSource): RoadPlan {
  const legs = corners.map((corner, index) =>
    legBetween(corner, corners[(index + 1) % corners.length] ?? corner),
  )
  const bends = legs.map((leg, index) => {
    const before = legs.at(index - 1) ?? leg
    // Each corner may use up to half of either leg, so neighbours never meet.
    return bendOf(wrapAngle(leg.heading - before.heading), Math.min(before.length, leg.length) / 2, random)
  })
  const stretches: Stretch[] = []
  for (const [index, leg] of legs.entries()) {
    const here = bends[index]
    const next = bends[(index + 1) % bends.length]
    if (here === undefined || next === undefined) continue
    stretches.push({ length: leg.length - here.tangent - next.tangent, from: 0, to: 0 }, ...next.stretches)
  }
  const [firstCorner, firstLeg, firstBend] = [corners[0], legs[0], bends[0]]
  if (firstCorner === undefined || firstLeg === undefined || firstBend === undefined) {
    throw new ConvoyError('invalid-argument', 'A road needs corners.')
  }
  return {
    start: {
      x: firstCorner.x - Math.sin(firstLeg.heading) * firstBend.tangent,
      z: firstCorner.z - Math.cos(firstLeg.heading) * firstBend.tangent,
      heading: firstLeg.heading,
    },
    stretches: stretches.filter((stretch) => stretch.length > 0),
  }
}

/** A rounded corner: its stretches, and how far from the corner it begins and ends. */
interface Bend {
  readonly tangent: number
  readonly stretches: readonly Stretch[]
}

function bendOf(turn: number, room: number, random: RandomSource): Bend {
  const wish = smallestRadius + (largestRadius - smallestRadius) * random.next()
  const widest = bendOfRadius(turn, wish)
  if (widest.tangent <= room) return widest
  const tightest = bendOfRadius(turn, smallestRadius)
  if (tightest.tangent > room) {
    throw new ConvoyError(
      'invalid-argument',
      'Two corners of the road are too close for a truck to take both.',
    )
  }
  // The tangent grows evenly enough with the radius for this chord to stay within the room.
  const share = (room - tightest.tangent) / (widest.tangent - tightest.tangent)
  return bendOfRadius(turn, smallestRadius + (wish - smallestRadius) * share * 0.95)
}

function bendOfRadius(turn: number, radius: number): Bend {
  const angle = Math.abs(turn)
  if (angle === 0) return { tangent: 0, stretches: [] }
  const sign = Math.sign(turn)
  // Both transitions together turn by length / radius; a flatter corner never reaches the arc's curvature.
  const arc = Math.max(0, radius * angle - transitionLength)
  const peak = arc > 0 ? 1 / radius : angle / transitionLength
  const rise = { length: transitionLength, from: 0, to: peak * sign }
  const fall = { length: transitionLength, from: peak * sign, to: 0 }
  const flat = { length: arc, from: peak * sign, to: peak * sign }
  return {
    tangent: tangentLength(angle, peak, arc / 2),
    stretches: arc > 0 ? [rise, flat, fall] : [rise, fall],
  }
}

/** From the corner to where a bend begins: its middle lies on the line that halves the corner. */
function tangentLength(angle: number, peak: number, halfArc: number): number {
  const middle: CurvePoint = { x: 0, z: 0, heading: 0 }
  // Heading 0 is north (−Z) and left is west (−X): the half bend runs along −Z and drifts to −X.
  advance(middle, 0, peak / transitionLength, transitionLength, middle)
  advance(middle, peak, 0, halfArc, middle)
  return -middle.z - middle.x * Math.tan(angle / 2)
}

function legBetween(from: MapPoint, to: MapPoint): { length: number; heading: number } {
  const dx = to.x - from.x
  const dz = to.z - from.z
  return { length: Math.hypot(dx, dz), heading: Math.atan2(-dx, -dz) }
}

/** The same angle within −π…+π. */
function wrapAngle(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI))
}
