import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromBase64Url, isConvoyError, toBase64Url, utf8 } from '../../lib/core/index.ts'
import {
  decodeInvite,
  deriveSessionId,
  encodeInvite,
  fingerprintBytes,
  inviteLink,
  isInviteHint,
  type Invite,
} from '../../lib/identity/index.ts'
import { alice, codeOf } from './support.ts'

const invite: Invite = {
  sessionId: deriveSessionId(alice.signKey, new Uint8Array(16).fill(7)),
  hostFingerprint: fingerprintBytes(alice),
  hints: ['ws://127.0.0.1:8787', 'wss://signal.example/convoy'],
}
const uri = encodeInvite(invite)
const link = inviteLink(uri, 'https://cab.example/drive?lang=de')

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const hint = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('ws', 'wss'),
      fc.domain(),
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom('', '/', '/path'),
    )
    .map(([scheme, host, port, path]) => `${scheme}://${host.slice(0, 100)}:${port}${path}`)
    .filter((text) => URL.canParse(text)),
  fc
    .tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), fc.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{46,52}$/))
    .map(([address, port, id]) => `/ip4/${address}/tcp/${port}/ws/p2p/${id}`),
)
const anyInvite: fc.Arbitrary<Invite> = fc
  .record({
    sessionId: bytes16,
    hostFingerprint: bytes16,
    hints: fc.array(hint, { maxLength: 8 }),
    secret: fc.option(bytes16, { nil: undefined }),
  })
  .map(({ secret, ...rest }) => (secret === undefined ? rest : { ...rest, secret }))

/** [IDN-17] from the text of the specification: a payload gets its checksum and becomes a URI. */
function uriOf(...parts: Uint8Array[]): string {
  const payload = concat(...parts)
  const checksum = createHash('sha512')
    .update('openconvoy invite checksum\0')
    .update(payload)
    .digest()
    .subarray(0, 4)
  return `openconvoy:${toBase64Url(concat(payload, checksum))}`
}
const byte = (...values: number[]) => Uint8Array.from(values)
const noHints = [byte(1, 0), new Uint8Array(32)] as const

describe('[IDN-17] an invite', () => {
  it('is the text of the test vector, as a second implementation writes it', () => {
    expect(uri).toBe(
      'openconvoy:AQDoinpWN6Ij825hPczb1-ibPJb7rhl0soQdKhCRwKw16wIBDjEyNy4wLjAuMTo4Nzg3AhVzaWduYWwuZXhhbXBsZS9jb252b3kbcAz6',
    )
    const [first, second] = [utf8('127.0.0.1:8787'), utf8('signal.example/convoy')]
    expect(uri).toBe(
      uriOf(
        byte(1, 0),
        invite.sessionId,
        invite.hostFingerprint,
        byte(2, 1, first.length),
        first,
        byte(2, second.length),
        second,
      ),
    )
  })

  it('says the same when it is read, as URI and as link', () => {
    fc.assert(
      fc.property(anyInvite, (made) => {
        expect(decodeInvite(encodeInvite(made))).toEqual(made)
        expect(decodeInvite(inviteLink(encodeInvite(made), 'https://cab.example/'))).toEqual(made)
      }),
    )
  })

  it('is short: 91 characters with a service on the local network', () => {
    expect(encodeInvite({ ...invite, hints: ['ws://192.168.178.20:8787'] })).toHaveLength(91)
  })

  const tooMany = Array.from({ length: 9 }, () => 'ws://a.example')
  it.each([
    ['a session id of 15 bytes', { ...invite, sessionId: new Uint8Array(15) }],
    ['a fingerprint of 17 bytes', { ...invite, hostFingerprint: new Uint8Array(17) }],
    ['a secret of 15 bytes', { ...invite, secret: new Uint8Array(15) }],
    ['nine hints', { ...invite, hints: tooMany }],
    ['a hint that is no address', { ...invite, hints: ['signal.example'] }],
  ])('is not made with %s', async (_, wrong) => {
    expect(await codeOf(() => encodeInvite(wrong))).toBe('invalid-argument')
  })
})

describe('[IDN-18] a hint', () => {
  it.each([
    'ws://127.0.0.1:8787',
    'wss://signal.example/convoy?room=1',
    'ws://[::1]:8787',
    '/dns4/relay.example/tcp/443/wss/p2p/12D3KooWSahP5pFRCEfaziPEba7urXGeif6T1y8jmodzdFUvzBHj',
    '/ip6/fe80::1%25eth0/udp/4001/quic-v1',
  ])('may be %s', (text) => {
    expect(isInviteHint(text)).toBe(true)
    expect(decodeInvite(encodeInvite({ ...invite, hints: [text] })).hints).toEqual([text])
  })

  it.each([
    ['', 'empty'],
    ['https://signal.example', 'not a web socket'],
    ['ws://', 'without a host'],
    ['ws:///path', 'without a host'],
    ['ws://user:secret@signal.example', 'with credentials'],
    ['wss://signal.example/#room', 'with a fragment'],
    ['ws://signal.example/a b', 'with a space'],
    ['ws://sígnal.example', 'not ASCII'],
    ['ws://signal.example:99999', 'with an impossible port'],
    ['//signal.example', 'with an empty part'],
    ['/ip4/127.0.0.1/', 'with an empty part at the end'],
    [`ws://${'a'.repeat(196)}`, 'of 201 characters'],
    ['javascript:alert(1)', 'a script'],
  ])('may not be %s (%s)', (text) => {
    expect(isInviteHint(text)).toBe(false)
  })

  it('is not shown when it is refused, since it may hold credentials', () => {
    expect(() => encodeInvite({ ...invite, hints: ['ws://a.example', 'ws://me:secret@b.example'] })).toThrow(
      /^Hint 2 can't(?!.*secret)/,
    )
  })

  it('of a kind that is unknown here is skipped, and the others are read', () => {
    const known = utf8('a.example')
    const text = uriOf(...noHints, byte(3, 200, 2, 1, 2, 1, known.length), known, byte(201, 0))
    expect(decodeInvite(text).hints).toEqual(['ws://a.example'])
  })

  it('that is no address is skipped, however it got in', () => {
    const wrong = utf8('user:secret@a.example')
    expect(decodeInvite(uriOf(...noHints, byte(1, 1, wrong.length), wrong)).hints).toEqual([])
    expect(decodeInvite(uriOf(...noHints, byte(1, 1, 2, 0xff, 0xfe))).hints).toEqual([])
  })
})

describe('[IDN-19] reading an invite', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const payloadStart = 'openconvoy:'.length
  const position = fc.integer({ min: payloadStart, max: uri.length - 1 })

  it('finds every wrong character: all 63 others at every place', async () => {
    for (let at = payloadStart; at < uri.length; at++) {
      for (const character of alphabet) {
        if (character === uri[at]) continue
        const wrong = uri.slice(0, at) + character + uri.slice(at + 1)
        expect(await codeOf(() => decodeInvite(wrong))).toBe('invite-mistyped')
      }
    }
  })

  it('finds any character in the place of another, be it of another script', () => {
    fc.assert(
      fc.property(position, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(character !== uri[at])
        expect(() => decodeInvite(uri.slice(0, at) + character + uri.slice(at + 1))).toThrow(/mistyped/)
      }),
    )
  })

  it('finds every missing and every repeated character, and every two that are swapped', async () => {
    for (let at = payloadStart; at < uri.length; at++) {
      const [before, here, next, after] = [uri.slice(0, at), uri[at]!, uri[at + 1] ?? '', uri.slice(at + 2)]
      expect(await codeOf(() => decodeInvite(before + next + after))).toBe('invite-mistyped')
      expect(await codeOf(() => decodeInvite(before + here + here + next + after))).toBe('invite-mistyped')
      if (here !== next && next !== '') {
        expect(await codeOf(() => decodeInvite(before + next + here + after))).toBe('invite-mistyped')
      }
    }
  })

  it('finds every invite that was cut short, at either end, as URI and as link', async () => {
    for (let length = 0; length < uri.length; length++) {
      const code = length < payloadStart ? 'invite-malformed' : 'invite-mistyped'
      expect(await codeOf(() => decodeInvite(uri.slice(0, length)))).toBe(code)
    }
    for (let start = 1; start < uri.length; start++) {
      expect(await codeOf(() => decodeInvite(uri.slice(start)))).toBe('invite-malformed')
    }
    const fragment = link.indexOf('#') + 1
    for (let length = 0; length < link.length; length++) {
      const code = length < fragment + payloadStart ? 'invite-malformed' : 'invite-mistyped'
      expect(await codeOf(() => decodeInvite(link.slice(0, length)))).toBe(code)
    }
  })

  it('finds every change of one bit', async () => {
    const bytes = fromBase64Url(uri.slice(payloadStart))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(await codeOf(() => decodeInvite(`openconvoy:${toBase64Url(changed)}`))).toBe('invite-mistyped')
    }
  })

  it.each([
    ['spaces and line ends around it', `  \r\n${uri}\n\t `],
    ['a line break inside, as mail programs put it', `${uri.slice(0, 60)}\r\n  ${uri.slice(60)}`],
    ['angle brackets', `<${uri}>`],
    ['quotes', `"${uri}"`],
    ['typographic quotes', `„${uri}“`],
    ['the ticks of a chat', `\`${uri}\``],
    ['brackets and a full stop', `(${uri}).`],
    ['zero-width characters', `\u200b${uri}\ufeff`],
    ['a scheme in capitals', uri.replace('openconvoy', 'OpenConvoy')],
    ['a link in brackets', `<${link}>`],
    ['a link with its colon escaped', link.replace('#openconvoy:', '#openconvoy%3A')],
    ['a link to a page on this machine', inviteLink(uri, 'http://127.0.0.1:8080')],
  ])('does not mind %s', (_, text) => {
    expect(decodeInvite(text)).toEqual(invite)
  })

  it.each([
    ['nothing', ''],
    ['a word', 'hello'],
    ['another URI', 'mailto:friend@example.org'],
    ['a link without a fragment', 'https://cab.example/'],
    ['a link with another fragment', 'https://cab.example/#help'],
    ['a novel', 'openconvoy:'.padEnd(8_193, 'A')],
    ['an unknown flag', uriOf(byte(1, 2), new Uint8Array(32), byte(0))],
    ['nine hints', uriOf(...noHints, byte(9), new Uint8Array(18))],
    ['a hint that is cut short', uriOf(...noHints, byte(1, 1, 9, 65))],
    ['bytes left over', uriOf(...noHints, byte(0, 0))],
    ['too few bytes', uriOf(byte(1, 0, 1, 2, 3))],
    ['version 0', uriOf(byte(0), new Uint8Array(34))],
  ])('refuses %s as malformed', async (_, text) => {
    expect(await codeOf(() => decodeInvite(text))).toBe('invite-malformed')
  })

  it('tells an invite of a newer version from a mistyped one, whatever follows the version', async () => {
    expect(await codeOf(() => decodeInvite(uriOf(byte(2), utf8('something new'))))).toBe('invite-version')
    expect(await codeOf(() => decodeInvite(uriOf(byte(255))))).toBe('invite-version')
  })

  it('says what to do in each of its refusals', () => {
    expect(() => decodeInvite('hello')).toThrow(/Paste all of it/)
    expect(() => decodeInvite(uri.slice(0, -1))).toThrow(/copy it again/)
    expect(() => decodeInvite(uriOf(byte(2)))).toThrow(/update/)
  })

  it('never throws anything but its refusals, whatever the text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `openconvoy:${text}`),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => uriOf(bytes)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => uriOf(byte(1, 0), bytes)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        try {
          decodeInvite(text)
        } catch (error) {
          if (!isConvoyError(error) || !error.code.startsWith('invite-')) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('[IDN-20] an invite link', () => {
  it('holds the invite in its fragment, which replaces any other, and keeps the rest of the address', () => {
    expect(link).toBe(`https://cab.example/drive?lang=de#${uri}`)
    expect(inviteLink(uri, 'https://cab.example/#help')).toBe(`https://cab.example/#${uri}`)
  })

  it('is made from a link, and of an invite with hints that this version doesn’t know, without losing any', () => {
    expect(inviteLink(link, 'https://other.example/')).toBe(`https://other.example/#${uri}`)
    const newer = uriOf(...noHints, byte(1, 200, 1, 65))
    expect(inviteLink(newer, 'https://cab.example/')).toBe(`https://cab.example/#${newer}`)
  })

  it.each(['cab.example', 'javascript:alert(1)', 'ftp://cab.example', ''])(
    'is not made to %j',
    async (page) => {
      expect(await codeOf(() => inviteLink(uri, page))).toBe('invalid-argument')
    },
  )

  it('is not made of something that is no invite', async () => {
    expect(await codeOf(() => inviteLink('hello', 'https://cab.example/'))).toBe('invite-malformed')
  })
})
