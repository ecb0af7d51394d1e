import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isConvoyError } from '../../../lib/core/index.ts'
import { base62Length, fromBase62, toBase62 } from '../../../lib/rendezvous/manual/alphabet.ts'
import { decodeCode, encodeCode, type CodeKind } from '../../../lib/rendezvous/manual/codeText.ts'

const kinds = fc.constantFrom<CodeKind>('call', 'offer', 'answer')
const bodies = fc.uint8Array({ minLength: 0, maxLength: 1_200 })
const codes = fc.record({ kind: kinds, body: bodies })

/** What chats and editors put between characters. */
const litter = fc.constantFrom(
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\u00a0',
  '\u200b',
  '\u200d',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '\n> ',
  '\n>> ',
  '…',
  '—',
  '*',
  '_',
  '`',
  '|',
)

/** What stands around a code; the right side is no letter or digit next to it. */
const surroundings = fc.constantFrom(
  ['', ''],
  ['`', '`'],
  ['```\n', '\n```'],
  ['<', '>'],
  ['“', '”'],
  ['‘', '’'],
  ['„', '“'],
  ['«', '»'],
  ['"', '".'],
  ['Hi Anna, this is my openconvoy offer: ', ' , thanks! See you at 8pm'],
  ['[12:03] Ben_97: here you go -> ', '\n[12:04] Ben_97: got it?'],
  ['https://example.org/?q=', '&utm=1'],
)

function failure(text: string): { code: string; message: string } {
  try {
    decodeCode(text)
  } catch (error) {
    if (isConvoyError(error)) return { code: error.code, message: error.message }
    throw error
  }
  return expect.unreachable('it should not have been taken')
}

describe('the text of a code', () => {
  it('[MAN-3] holds any bytes in letters and digits, in the length that is told', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = toBase62(bytes)
        expect(text).toMatch(/^[0-9A-Za-z]*$/)
        expect(text).toHaveLength(base62Length(bytes.length))
        expect(fromBase62(text, bytes.length)).toEqual(bytes)
      }),
    )
  })

  it('[MAN-4] survives whatever chats put between its characters and around it', () => {
    fc.assert(
      fc.property(
        codes,
        surroundings,
        fc.array(fc.tuple(fc.nat(), litter), { maxLength: 30 }),
        (code, [before = '', after = ''], littered) => {
          let text = encodeCode(code)
          for (const [at, what] of littered) {
            const place = at % (text.length + 1)
            text = text.slice(0, place) + what + text.slice(place)
          }
          expect(decodeCode(before + text + after)).toEqual(code)
        },
      ),
    )
  })

  it('[MAN-4] survives being wrapped at any width, and a first letter that a keyboard made a capital', () => {
    fc.assert(
      fc.property(codes, fc.integer({ min: 1, max: 90 }), (code, width) => {
        const wrapped = encodeCode(code).replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n')
        expect(decodeCode(wrapped.charAt(0).toUpperCase() + wrapped.slice(1))).toEqual(code)
        const shouted = encodeCode(code).replace(/^openconvoy-[a-z]+/, (words) => words.toUpperCase())
        expect(decodeCode(shouted)).toEqual(code)
      }),
    )
  })

  it('[MAN-4] reads letters of other fonts as what they stand for', () => {
    const code = { kind: 'offer' as const, body: Uint8Array.from({ length: 40 }, (_, index) => index * 6) }
    const wide = encodeCode(code).replace(/[0-9A-Za-z]/g, (character) =>
      String.fromCharCode(character.charCodeAt(0) + 0xfee0),
    )
    expect(decodeCode(wide)).toEqual(code)
  })

  it('[MAN-4] takes the code that is whole where a broken one is quoted as well', () => {
    const code = { kind: 'answer' as const, body: Uint8Array.of(1, 2, 3, 4, 5) }
    const text = encodeCode(code)
    expect(decodeCode(`> ${text.slice(0, -3)}\n${text}`)).toEqual(code)
  })

  it('[MAN-5] says that a code was cut short, wherever it was', () => {
    fc.assert(
      fc.property(codes, fc.nat(), (code, at) => {
        const text = encodeCode(code)
        const first = text.length - base62Length(code.body.length + 4)
        const length = first + (at % (text.length - first))
        expect(failure(text.slice(0, length))).toMatchObject({
          code: 'code-mistyped',
          message: expect.stringContaining('cut short') as string,
        })
      }),
    )
  })

  it('[MAN-5] takes no code of which one character was changed', () => {
    fc.assert(
      fc.property(codes, fc.nat(), fc.constantFrom('0', 'a', 'Z', '9'), (code, at, other) => {
        const text = encodeCode(code)
        const start = `openconvoy-${code.kind}-`.length
        const place = start + (at % (text.length - start))
        fc.pre(text.charAt(place) !== other)
        const changed = text.slice(0, place) + other + text.slice(place + 1)
        expect(['code-mistyped', 'code-version', 'code-malformed']).toContain(failure(changed).code)
      }),
    )
  })

  it('[MAN-5] says so where capitals were lost, another version made it, or there is no code', () => {
    const text = encodeCode({
      kind: 'offer',
      body: Uint8Array.from({ length: 99 }, (_, index) => 255 - index),
    })
    expect(failure(text.toLowerCase())).toMatchObject({
      code: 'code-mistyped',
      message: expect.stringContaining('capital') as string,
    })
    expect(failure(text.replace('offer-1', 'offer-2')).code).toBe('code-version')
    expect(failure('Is there an openconvoy offer today?').code).toBe('code-malformed')
    expect(failure('').code).toBe('code-malformed')
    expect(failure('x'.repeat(300_000)).code).toBe('code-malformed')
    expect(failure('openconvoy-offer-'.repeat(10_000)).code).toBe('code-malformed')
  })

  it('takes any text without harm', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), kinds, (text, kind) => {
        expect(failure(`openconvoy-${kind}-1${text}`).code).toMatch(/^code-/)
      }),
    )
  })
})
