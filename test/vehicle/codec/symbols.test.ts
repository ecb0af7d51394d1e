import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeDecoder, RangeEncoder } from '../../../lib/core/index.ts'
import { residual, SymbolDecoder, SymbolEncoder } from '../../../lib/vehicle/codec/symbols.ts'

/** A whole number and what is expected about it. */
interface Expected {
  value: number
  predicted: number
  scale: number
}

const code = fc.integer({ min: -(2 ** 25), max: 2 ** 25 - 1 })
const scale = fc.oneof(
  fc.double({ min: 0.004, max: 100, noNaN: true }),
  fc.constantFrom(0.004, 0.02, 0.21, 81),
)
const anyExpected: fc.Arbitrary<Expected> = fc.oneof(
  fc.record({ value: code, predicted: fc.double({ min: -1e12, max: 1e12, noNaN: true }), scale }),
  fc
    .tuple(code, fc.double({ min: -80, max: 80, noNaN: true }), scale)
    .map(([value, off, scale]) => ({ value, predicted: value + off, scale })),
)

function write(all: readonly Expected[]): Uint8Array {
  const range = new RangeEncoder(new Uint8Array(20_000))
  const coder = new SymbolEncoder(range)
  for (const { value, predicted, scale } of all) {
    Object.assign(residual, { predicted, scale })
    coder.residual(value)
  }
  return range.bytes.slice(0, range.finish())
}

function decoderOf(bytes: Uint8Array): SymbolDecoder {
  const range = new RangeDecoder()
  range.reset(bytes)
  return new SymbolDecoder(range)
}

/** Bits that one residual takes, measured over many. */
function bitsOf(expected: Expected): number {
  return (write(Array.from({ length: 1_000 }, () => expected)).length * 8) / 1_000
}

describe('residuals', () => {
  it('[VEH-64] come back, whatever was expected, near or escaped', () => {
    fc.assert(
      fc.property(fc.array(anyExpected, { minLength: 1, maxLength: 50 }), (all) => {
        const coder = decoderOf(write(all))
        for (const { value, predicted, scale } of all) {
          Object.assign(residual, { predicted, scale })
          expect(coder.residual()).toBe(value)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('[VEH-64] leave the same distance from the prediction at both ends', () => {
    fc.assert(
      fc.property(anyExpected, ({ value, predicted, scale }) => {
        Object.assign(residual, { predicted, scale })
        const range = new RangeEncoder(new Uint8Array(100))
        new SymbolEncoder(range).residual(value)
        const { distance } = residual
        range.finish()
        residual.distance = NaN
        decoderOf(range.bytes).residual()
        expect(residual.distance).toBe(distance)
        expect(distance).toBe(Math.abs(value - predicted))
      }),
    )
  })

  it.each([
    [0.02, 0.009],
    [0.21, 0.6],
    [1, 2.1],
    [4, 4.1],
  ])('[VEH-66] cost, at scale %d, no more than %d bits where they are as expected', (scale, bits) => {
    expect(bitsOf({ value: 0, predicted: 0, scale })).toBeLessThan(bits)
  })

  it('[VEH-66] cost what Student’s t-distribution with four degrees of freedom says', () => {
    // Distances are looked up in steps of 1/16 scale up to 16 scales, straight in between.
    const below = (t: number): number => 0.5 + t * (0.5 + 1 / (4 + t * t)) * Math.sqrt(1 / (4 + t * t))
    for (const scale of [0.5, 1, 2, 5]) {
      for (const value of [-3, -1, 0, 1, 2, 5]) {
        const share = below((value + 0.5 - 0.3) / scale) - below((value - 0.5 - 0.3) / scale)
        const information = -Math.log2(share * (1 - 65 / 65_536) + 1 / 65_536)
        expect(Math.abs(bitsOf({ value, predicted: 0.3, scale }) - information)).toBeLessThan(0.06)
      }
    }
  })

  it('[VEH-65] cost at most 16 bits and an Elias gamma code when they are escaped', () => {
    expect(bitsOf({ value: 40, predicted: 0, scale: 0.004 })).toBeLessThan(16 + 7.2)
    expect(bitsOf({ value: 2 ** 25, predicted: -(2 ** 26), scale: 0.004 })).toBeLessThan(16 + 2 * 27 + 0.5)
  })

  it('decode from any bytes to whole numbers, with an end', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(anyExpected, { minLength: 60, maxLength: 60 }),
        (bytes, all) => {
          const coder = decoderOf(bytes)
          for (const { predicted, scale } of all) {
            Object.assign(residual, { predicted, scale })
            const value = coder.residual()
            expect(Number.isInteger(value)).toBe(true)
            expect(Math.abs(value)).toBeLessThan(2 ** 29)
          }
        },
      ),
    )
  })
})

describe('choices and bits', () => {
  it('[VEH-63] come back', () => {
    const symbol = fc.oneof(
      fc.record({ yes: fc.boolean(), parts: fc.integer({ min: 1, max: 65_535 }) }),
      fc
        .integer({ min: 1, max: 26 })
        .chain((width) => fc.record({ width: fc.constant(width), value: fc.nat({ max: 2 ** width - 1 }) })),
    )
    fc.assert(
      fc.property(fc.array(symbol, { maxLength: 60 }), (symbols) => {
        const range = new RangeEncoder(new Uint8Array(1_000))
        const encoder = new SymbolEncoder(range)
        for (const each of symbols) {
          if ('yes' in each) encoder.choice(each.yes, each.parts)
          else encoder.bits(each.value, each.width)
        }
        const decoder = decoderOf(range.bytes.subarray(0, range.finish()))
        for (const each of symbols) {
          if ('yes' in each) expect(decoder.choice(false, each.parts)).toBe(each.yes)
          else expect(decoder.bits(0, each.width)).toBe(each.value)
        }
      }),
    )
  })

  it('[VEH-63] write negative codes in two’s complement', () => {
    const range = new RangeEncoder(new Uint8Array(100))
    const encoder = new SymbolEncoder(range)
    encoder.bits(-1, 26)
    encoder.bits(-2_048, 12)
    const decoder = decoderOf(range.bytes.subarray(0, range.finish()))
    expect([decoder.bits(0, 26), decoder.bits(0, 12)]).toEqual([2 ** 26 - 1, 2_048])
  })
})
