import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeDecoder, RangeEncoder, rangeTotal } from '../../lib/core/index.ts'

/** An interval of probability, in parts of `rangeTotal`. */
interface Interval {
  from: number
  to: number
}

const interval: fc.Arbitrary<Interval> = fc
  .tuple(fc.nat({ max: rangeTotal - 1 }), fc.nat({ max: rangeTotal - 1 }), fc.integer({ min: 1, max: 3 }))
  .map(([a, b, shape]) => {
    // Narrow, wide and any: what is nearly certain and what is nearly impossible.
    if (shape === 1) return { from: a, to: a + 1 }
    if (shape === 2) return { from: 0, to: Math.max(1, rangeTotal - (b >> 8)) }
    return { from: Math.min(a, b), to: Math.max(a, b) + 1 }
  })
const message = fc.array(interval, { maxLength: 300 })

function encoded(intervals: readonly Interval[], start = 0, fill = 0): Uint8Array {
  const encoder = new RangeEncoder(new Uint8Array(start + 2_000).fill(fill))
  encoder.reset(start)
  for (const { from, to } of intervals) encoder.encode(from, to)
  return encoder.bytes.slice(0, encoder.finish())
}

function expectDecodes(bytes: Uint8Array, intervals: readonly Interval[], start = 0): RangeDecoder {
  const decoder = new RangeDecoder()
  decoder.reset(bytes, start)
  for (const { from, to } of intervals) {
    const target = decoder.target()
    expect(target).toBeGreaterThanOrEqual(from)
    expect(target).toBeLessThan(to)
    decoder.accept(from, to)
  }
  return decoder
}

/** What the symbols are worth, in bits. */
function information(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { from, to }) => sum - Math.log2((to - from) / rangeTotal), 0)
}

describe('range coder', () => {
  it('[VEH-60] gives back every sequence of symbols, and needs every byte it wrote', () => {
    fc.assert(
      fc.property(message, (intervals) => {
        expect(expectDecodes(encoded(intervals), intervals).surplus).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  it('[VEH-60] takes no more bytes than the symbols are worth, and one', () => {
    fc.assert(
      fc.property(message, (intervals) => {
        const bits = encoded(intervals).length * 8
        // A part is 2^8 wide at least, so that rounding it down costs 1 ∕ 256 of the range and 0.0057 bits.
        expect(bits).toBeLessThanOrEqual(information(intervals) + 0.0057 * intervals.length + 8)
      }),
      { numRuns: 1_000 },
    )
  })

  it('[VEH-60] is within 1 % of what unlikely and likely symbols are worth, over many', () => {
    const rare = { from: 65_000, to: 65_536 }
    const usual = { from: 0, to: 65_000 }
    const intervals = Array.from({ length: 10_000 }, (_, index) => (index % 122 === 0 ? rare : usual))
    expect(encoded(intervals).length * 8).toBeLessThan(information(intervals) * 1.01 + 8)
  })

  it('[VEH-61] leaves out zero bytes at the end, and reads zeros past it', () => {
    fc.assert(
      fc.property(message, (intervals) => {
        const bytes = encoded(intervals)
        expect(bytes.at(-1)).not.toBe(0)
        expectDecodes(new Uint8Array([...bytes, 0, 0, 0, 0, 0]), intervals)
      }),
    )
    expect(encoded([])).toEqual(new Uint8Array(0))
    expect(encoded(Array.from({ length: 100 }, () => ({ from: 0, to: 1 })))).toEqual(new Uint8Array(0))
  })

  it('[VEH-60] carries through a run of 255, and never into what is in front of it', () => {
    // The uppermost part, again and again, writes 255s; what comes after may overflow them all.
    const top = { from: rangeTotal - 1, to: rangeTotal }
    for (let run = 0; run < 40; run++) {
      for (const last of [top, { from: rangeTotal - 2, to: rangeTotal }, { from: 65_280, to: 65_536 }]) {
        const intervals = [{ from: 1, to: 40_000 }, ...Array.from({ length: run }, () => top), last]
        const bytes = encoded(intervals, 4, 170)
        expect(bytes.subarray(0, 4)).toEqual(new Uint8Array(4).fill(170))
        expectDecodes(bytes, intervals, 4)
      }
    }
  })

  it('writes and reads bits as they are, 1 to 16 at once', () => {
    const piece = fc
      .integer({ min: 1, max: 16 })
      .chain((width) => fc.tuple(fc.nat({ max: 2 ** width - 1 }), fc.constant(width)))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 100 }), (pieces) => {
        const encoder = new RangeEncoder(new Uint8Array(500))
        for (const [value, width] of pieces) encoder.encodeBits(value, width)
        const decoder = new RangeDecoder()
        decoder.reset(encoder.bytes.subarray(0, encoder.finish()))
        for (const [value, width] of pieces) expect(decoder.decodeBits(width)).toBe(value)
      }),
    )
  })

  it('decodes any bytes to something within the total, without end and without exception', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.array(interval, { minLength: 200, maxLength: 200 }),
        (bytes, intervals) => {
          const decoder = new RangeDecoder()
          decoder.reset(bytes)
          for (const { from, to } of intervals) {
            const target = decoder.target()
            expect(Number.isInteger(target) && target >= 0 && target < rangeTotal).toBe(true)
            // What a format would read there: this symbol, or one of those beside it.
            if (target < from) decoder.accept(0, from)
            else if (target < to) decoder.accept(from, to)
            else decoder.accept(to, rangeTotal)
          }
        },
      ),
    )
  })

  it('[VEH-62] decodes any bytes as arithmetic without limits does, those that no encoder writes as well', () => {
    const byte = fc.oneof(fc.constant(255), fc.nat({ max: 255 }))
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 40 }),
        fc.array(interval, { minLength: 60, maxLength: 60 }),
        (bytes, intervals) => {
          const decoder = new RangeDecoder()
          decoder.reset(Uint8Array.from(bytes))
          let position = 0
          const next = (code: bigint): bigint => code * 256n + BigInt(bytes[position++] ?? 0)
          let code = next(next(next(next(0n))))
          let range = 2n ** 32n - 1n
          for (const { from, to } of intervals) {
            const part = range / 65_536n
            const target = Math.min(65_535, Number(code / part))
            expect(decoder.target()).toBe(target)
            expect([from, to - 1].map((bound) => decoder.isBelow(bound))).toEqual([
              target < from,
              target < to - 1,
            ])
            const [least, end] = target < from ? [0, from] : target < to ? [from, to] : [to, rangeTotal]
            decoder.accept(least, end)
            code -= part * BigInt(least)
            for (range = part * BigInt(end - least); range < 2n ** 24n; range *= 256n) code = next(code)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('tells of bytes that no symbol needed', () => {
    const intervals = [{ from: 10, to: 20 }]
    const decoder = expectDecodes(new Uint8Array([...encoded(intervals), 1, 2, 3, 4, 5]), intervals)
    expect(decoder.surplus).toBe(true)
  })

  it('says when its bytes are too few, instead of losing some', () => {
    const encoder = new RangeEncoder(new Uint8Array(3))
    expect(() => {
      for (let count = 0; count < 10; count++) encoder.encode(7, 8)
    }).toThrow(RangeError)
    encoder.reset()
    encoder.encode(7, 8)
    expect(encoder.length).toBe(2)
  })
})
