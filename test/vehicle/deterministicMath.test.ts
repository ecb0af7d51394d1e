import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyRotation, rotate, wrapHalfTurns, wrapTurns } from '../../lib/vehicle/index.ts'

function sinTurns(turns: number): number {
  const rotation = emptyRotation()
  rotation.turns = turns
  rotate(rotation)
  return rotation.sin
}

function cosTurns(turns: number): number {
  const rotation = emptyRotation()
  rotation.turns = turns
  rotate(rotation)
  return rotation.cos
}

const someTurns = fc.double({ min: -4, max: 4, noNaN: true })

describe('deterministic math', () => {
  it('agrees with Math.sin and Math.cos to 4e-15', () => {
    fc.assert(
      fc.property(someTurns, (turns) => {
        // The reference's own argument is rounded: up to 3.6e-15 at four turns.
        expect(Math.abs(sinTurns(turns) - Math.sin(turns * 2 * Math.PI))).toBeLessThan(4e-15)
        expect(Math.abs(cosTurns(turns) - Math.cos(turns * 2 * Math.PI))).toBeLessThan(4e-15)
      }),
      { numRuns: 20_000 },
    )
  })

  it('agrees to 2.5e-16 on the kernels, where the reference is as exact', () => {
    for (let index = -1_000; index <= 1_000; index++) {
      const turns = index / 8_000
      expect(Math.abs(sinTurns(turns) - Math.sin(turns * 2 * Math.PI))).toBeLessThan(2.5e-16)
      expect(Math.abs(cosTurns(turns) - Math.cos(turns * 2 * Math.PI))).toBeLessThan(2.5e-16)
    }
  })

  it('is exact at quarter turns', () => {
    for (let quarters = -8; quarters <= 8; quarters++) {
      const expected = [0, 1, 0, -1]
      expect(sinTurns(quarters / 4)).toBeCloseTo(expected[(quarters + 8) % 4] ?? NaN, 300)
      expect(cosTurns(quarters / 4)).toBeCloseTo(expected[(quarters + 9) % 4] ?? NaN, 300)
    }
  })

  // The hashes were computed by a port of the same formulas to another language with IEEE 754 doubles.
  it('gives these very bits in every engine', () => {
    const hash = (values: readonly number[]): string => {
      const words = new Uint32Array(new Float64Array(values).buffer)
      let sum = 0x811c9dc5
      for (const word of words) sum = Math.imul(sum ^ word, 0x01000193) >>> 0
      return sum.toString(16)
    }
    const angles = Array.from({ length: 4_096 }, (_, index) => (index - 2_048) / 1_365)
    expect(hash(angles.map(sinTurns))).toBe('b842af4a')
    expect(hash(angles.map(cosTurns))).toBe('b011ea0e')
  })

  it('wraps into 0…1 and −½…½ without ever reaching the upper end', () => {
    fc.assert(
      fc.property(fc.oneof(someTurns, fc.constantFrom(-1e-20, -0, 0.5, -0.5, 1)), (turns) => {
        expect(wrapTurns(turns)).toBeGreaterThanOrEqual(0)
        expect(wrapTurns(turns)).toBeLessThan(1)
        expect(wrapHalfTurns(turns)).toBeGreaterThanOrEqual(-0.5)
        expect(wrapHalfTurns(turns)).toBeLessThan(0.5)
      }),
    )
  })
})
