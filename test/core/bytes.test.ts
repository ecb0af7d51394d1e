import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  concat,
  copyOf,
  equalBytes,
  fromBase32,
  fromBase64Url,
  fromHex,
  fromUtf8,
  isConvoyError,
  toBase32,
  toBase64Url,
  toHex,
  utf8,
} from '../../lib/core/index.ts'

const anyBytes = fc.uint8Array({ maxLength: 64 })

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isConvoyError(error)) return error.code
    throw error
  }
  return 'no error'
}

describe('texts of bytes', () => {
  it('read back as the bytes that were written', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
        expect(fromBase32(toBase32(bytes))).toEqual(bytes)
      }),
    )
  })

  it('agree with Node on hexadecimal and base64url', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
  })

  it('have one spelling per value: whatever base64url is accepted is written back the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{0,24}$/), (text) => {
        if (codeOf(() => fromBase64Url(text)) !== 'no error') return
        expect(toBase64Url(fromBase64Url(text))).toBe(text)
      }),
    )
  })

  it('never throw anything but invalid-argument, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 24 }), (text) => {
        for (const read of [fromHex, fromBase64Url, fromBase32]) {
          expect(codeOf(() => read(text))).toBeOneOf(['no error', 'invalid-argument'])
        }
      }),
    )
  })

  it.each(['0', 'zz', '0g', ' 00'])('refuses %j as hexadecimal', (text) => {
    expect(codeOf(() => fromHex(text))).toBe('invalid-argument')
  })

  it.each(['A', 'AB', 'AAB', 'AA==', 'A+/A', 'A A'])('refuses %j as base64url', (text) => {
    expect(codeOf(() => fromBase64Url(text))).toBe('invalid-argument')
  })

  it.each(['0', '01', 'u0', '000', '0-'])('refuses %j as base32', (text) => {
    expect(codeOf(() => fromBase32(text))).toBe('invalid-argument')
  })

  it('reads base32 that a person typed in capitals and with look-alikes', () => {
    expect(fromBase32('OIL0ABCD')).toEqual(fromBase32('0110abcd'))
  })

  it('writes base32 without letters that look alike', () => {
    expect(toBase32(Uint8Array.from({ length: 64 }, (_, index) => index * 37))).not.toMatch(/[ilou]/)
  })
})

describe('UTF-8', () => {
  it('reads back as the text that was written, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text)
      }),
    )
    expect(fromUtf8(utf8('\ufeffabc'))).toBe('\ufeffabc')
  })

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xe2, 0x82]]])(
    'refuses bytes that are not UTF-8: %j',
    (bytes) => expect(codeOf(() => fromUtf8(Uint8Array.from(bytes)))).toBe('message-malformed'),
  )
})

describe('arrays of bytes', () => {
  it('concat keeps order and content', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 6 }), (parts) => {
        expect([...concat(...parts)]).toEqual(parts.flatMap((part) => [...part]))
      }),
    )
  })

  it('equalBytes is true for the same bytes only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(254), (bytes, at, by) => {
        expect(equalBytes(bytes, bytes.slice())).toBe(true)
        const changed = bytes.slice()
        changed[at % bytes.length]! ^= by + 1
        expect(equalBytes(bytes, changed)).toBe(false)
        expect(equalBytes(bytes, bytes.subarray(1))).toBe(false)
      }),
    )
  })

  it('copyOf shares no memory, not even with a Buffer', () => {
    const original = Buffer.from([1, 2, 3])
    const copy = copyOf(original)
    original[0] = 9
    expect([...copy]).toEqual([1, 2, 3])
    expect(copy).not.toBeInstanceOf(Buffer)
  })
})
