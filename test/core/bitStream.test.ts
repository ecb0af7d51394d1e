import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitReader, BitWriter } from '../../lib/core/index.ts'

const field = fc
  .integer({ min: 1, max: 32 })
  .chain((width) =>
    fc.record({ width: fc.constant(width), value: fc.integer({ min: 0, max: 2 ** width - 1 }) }),
  )
const fields = fc.array(field, { maxLength: 40 })

/** Room for 40 fields of 32 bits, dirty: a writer must not rely on zeros. */
const dirty = (): Uint8Array => new Uint8Array(160).fill(0xa5)

function written(list: readonly { width: number; value: number }[]): BitWriter {
  const writer = new BitWriter(dirty())
  for (const { value, width } of list) writer.write(value, width)
  return writer
}

describe('bit streams', () => {
  it('give back every field as it was written, whatever the widths before it', () => {
    fc.assert(
      fc.property(fields, (list) => {
        const reader = new BitReader(written(list).view())
        expect(list.map(({ width }) => reader.read(width))).toEqual(list.map(({ value }) => value))
        expect(reader.overrun).toBe(false)
      }),
    )
  })

  it('give back signed fields as they were written', () => {
    const signed = fc.integer({ min: 2, max: 32 }).chain((width) =>
      fc.record({
        width: fc.constant(width),
        value: fc.integer({ min: -(2 ** (width - 1)), max: 2 ** (width - 1) - 1 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(signed, { maxLength: 40 }), (list) => {
        const reader = new BitReader(written(list).view())
        expect(list.map(({ width }) => reader.readSigned(width))).toEqual(list.map(({ value }) => value))
      }),
    )
  })

  it('are as long as the sum of their fields, rounded up to bytes and filled up with zeros', () => {
    fc.assert(
      fc.property(fields, (list) => {
        const writer = written(list)
        const bits = list.reduce((sum, { width }) => sum + width, 0)
        expect(writer.position).toBe(bits)
        expect(writer.view().length).toBe(Math.ceil(bits / 8))
        const spare = writer.byteLength * 8 - bits
        expect((writer.view().at(-1) ?? 0) & ((1 << spare) - 1)).toBe(0)
      }),
    )
  })

  it('put the most significant bit first', () => {
    expect([
      ...written([
        { value: 1, width: 1 },
        { value: 0b0101, width: 4 },
        { value: 0x1ff, width: 9 },
      ]).view(),
    ]).toEqual([0b1010_1111, 0b1111_1100])
  })

  it('write the low bits of a value that is too wide', () => {
    expect([
      ...written([
        { value: -1, width: 3 },
        { value: 0x123, width: 5 },
      ]).view(),
    ]).toEqual([0b111_00011])
  })
})

describe('BitWriter', () => {
  it('throws a RangeError rather than write past the end, and writes nothing of the field', () => {
    const bytes = new Uint8Array(2)
    const writer = new BitWriter(bytes)
    writer.write(0, 10)
    expect(() => writer.write(0x7f, 7)).toThrow(RangeError)
    expect([...bytes]).toEqual([0, 0])
    expect(writer.position).toBe(10)
    expect(() => writer.write(0x3f, 6)).not.toThrow()
  })

  it('starts over after reset, in another array where one is given', () => {
    const writer = written([{ value: 0xffff, width: 16 }])
    writer.reset()
    writer.write(1, 8)
    expect([...writer.view()]).toEqual([1])
    writer.reset(new Uint8Array(1))
    writer.write(2, 8)
    expect([...writer.view()]).toEqual([2])
    expect(() => writer.write(0, 1)).toThrow(RangeError)
  })
})

describe('BitReader', () => {
  it('gives zeros and tells so once it was read past the end, also when fewer bits were left', () => {
    const reader = new BitReader(Uint8Array.of(0xff))
    expect(reader.read(5)).toBe(31)
    expect(reader.remaining).toBe(3)
    expect(reader.read(4)).toBe(0)
    expect(reader.overrun).toBe(true)
    expect(reader.remaining).toBe(0)
    expect(reader.readSigned(2)).toBe(0)
  })

  it('forgets an overrun on reset, and can start in the middle', () => {
    const reader = new BitReader(new Uint8Array(0))
    reader.read(1)
    reader.reset(Uint8Array.of(0b0000_0110), 4)
    expect(reader.overrun).toBe(false)
    expect(reader.read(4)).toBe(6)
    expect(reader.overrun).toBe(false)
  })

  it('never throws and never leaves the array, whatever is read', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 32 }), { maxLength: 20 }),
        (bytes, widths) => {
          const reader = new BitReader(bytes)
          const wanted = widths.reduce((sum, width) => sum + width, 0)
          for (const width of widths) expect(reader.read(width)).toBeLessThan(2 ** width)
          expect(reader.overrun).toBe(wanted > bytes.length * 8)
        },
      ),
    )
  })
})
