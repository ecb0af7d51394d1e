/**
 * Sine and cosine that give the same bits in every JavaScript engine. `Math.sin` and `Math.cos` differ between
 * engines in the last bit on some inputs; sums, products, quotients and roots are exactly defined by IEEE 754.
 *
 * Angles are in turns, since reducing those to one octant is exact. The kernels are the Taylor series on ±⅛
 * turn: the first term left out is below 5e-17 there.
 */

const radians = 6.283185307179586
/** Radians of one turn. */
export const radiansPerTurn = radians

/**
 * An angle, and the sine and cosine that {@link rotate} gives it: in an object that is reused, because a fraction handed
 * to a function, or returned, may be an object on the heap.
 */
export interface Rotation {
  turns: number
  sin: number
  cos: number
}

/** One to be filled. */
export function emptyRotation(): Rotation {
  return { turns: 0.5, sin: 0.5, cos: 0.5 }
}

/** Sets sine and cosine of `rotation.turns`; within 4e-16 of the true values for angles of a few turns. */
export function rotate(rotation: Rotation): void {
  const { turns } = rotation
  const quarters = Math.floor(turns * 4 + 0.5)
  const x = (turns - quarters / 4) * radians
  const s = x * x
  // Divisions are what takes time here, and halving is exact: s ∕ 6 and s ∕ 12 have the bits of half and a quarter of s ∕ 3.
  const third = s / 3
  const fifteenth = s / 15
  const sin =
    x *
    (1 -
      (third / 2) *
        (1 - (s / 20) * (1 - (s / 42) * (1 - (s / 72) * (1 - (s / 110) * (1 - (s / 156) * (1 - s / 210)))))))
  const cos =
    1 -
    (s / 2) *
      (1 -
        (third / 4) *
          (1 -
            (fifteenth / 2) *
              (1 - (s / 56) * (1 - (s / 90) * (1 - (s / 132) * (1 - (s / 182) * (1 - fifteenth / 16)))))))
  switch (quarters - Math.floor(quarters / 4) * 4) {
    case 0:
      rotation.sin = sin
      rotation.cos = cos
      break
    case 1:
      rotation.sin = cos
      rotation.cos = -sin
      break
    case 2:
      rotation.sin = -sin
      rotation.cos = -cos
      break
    default:
      rotation.sin = -cos
      rotation.cos = sin
  }
}

/** `turns` modulo one turn, at least 0 and less than 1. */
export function wrapTurns(turns: number): number {
  const wrapped = turns - Math.floor(turns)
  // A tiny negative angle rounds up to a whole turn.
  return wrapped < 1 ? wrapped : 0
}

/** `turns` modulo one turn, at least −½ and less than ½. */
export function wrapHalfTurns(turns: number): number {
  return turns - Math.floor(turns + 0.5)
}
