import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, nativeCrypto, toHex, utf8, type NativeCrypto } from '../../lib/core/index.ts'
import { domainHash } from '../../lib/identity/index.ts'
import { detectX25519, importX25519, portableX25519 } from '../../lib/identity/x25519.ts'
import { lowOrderKeys } from './support.ts'

const native = detectX25519(nativeCrypto)
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe.each([
  { name: 'of the platform', importKey: native },
  { name: 'of tweetnacl', importKey: portableX25519 },
  { name: 'that is chosen', importKey: importX25519 },
])('X25519 $name', ({ importKey }) => {
  const importX = (hex: string): ReturnType<typeof portableX25519> => {
    if (importKey === undefined) throw new Error('Node has X25519.')
    return importKey(fromHex(hex))
  }

  // RFC 7748 section 5.2.
  it.each([
    {
      secret: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      publicKey: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      agreed: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    },
    {
      secret: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      publicKey: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      agreed: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    },
  ])('agrees as RFC 7748 says, from $secret', ({ secret, publicKey, agreed }) => {
    expect(toHex(importX(secret).agree(fromHex(publicKey)) ?? new Uint8Array())).toBe(agreed)
  })

  it("comes to the keys of RFC 7748's exchange, from both sides", () => {
    const alice = importX('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
    const bob = importX('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
    expect(toHex(alice.publicKey)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
    expect(toHex(bob.publicKey)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    for (const agreed of [alice.agree(bob.publicKey), bob.agree(alice.publicKey)]) {
      expect(agreed).toEqual(fromHex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'))
    }
  })

  it.each(lowOrderKeys)('comes to nothing with the low-order key %s', (key) => {
    expect(importX('11'.repeat(32)).agree(fromHex(key))).toBeUndefined()
  })
})

describe("the platform's cryptography", () => {
  it('gives the bytes that tweetnacl gives, whatever the keys', () => {
    fc.assert(
      fc.property(bytes32, bytes32, (secret, other) => {
        const [one, two] = [importX25519(secret), portableX25519(secret)]
        expect(one.publicKey).toEqual(two.publicKey)
        expect(one.publicKey.constructor).toBe(Uint8Array)
        const theirs = portableX25519(other).publicKey
        expect(one.agree(theirs)).toEqual(nacl.scalarMult(secret, theirs))
        // Most numbers are no canonical keys of the curve, but of its twist, or too large: all the same.
        expect(one.agree(other)).toEqual(two.agree(other))
      }),
      { numRuns: 100 },
    )
  })

  it('takes keys from within larger buffers, and ignores the top bit', () => {
    const secret = Buffer.alloc(40, 5).subarray(3, 35)
    const theirs = portableX25519(new Uint8Array(32).fill(9)).publicKey
    const within = Buffer.concat([Buffer.alloc(5), theirs, Buffer.alloc(2)]).subarray(5, 37)
    const agreed = portableX25519(new Uint8Array(32).fill(5)).agree(theirs)
    expect(importX25519(secret).agree(within)).toEqual(agreed)
    within[31] = (within[31] ?? 0) ^ 0x80
    expect(importX25519(secret).agree(within)).toEqual(agreed)
  })

  it('hashes as tweetnacl does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (message) => {
        expect(nativeCrypto?.sha512(message)).toEqual(nacl.hash(message))
      }),
    )
    expect(toHex(domainHash('', 8, new Uint8Array()))).toBe(toHex(nacl.hash(new Uint8Array(1)).slice(0, 8)))
  })

  it.each([10, 2_047, 2_048, 5_000])('hashes %i bytes in parts as it does in one', (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index)
    const hash = domainHash('parts', 32, bytes.subarray(0, 5), bytes.subarray(5))
    expect(domainHash('parts', 32, bytes)).toEqual(hash)
    expect(hash).toEqual(nacl.hash(concat(utf8('parts\0'), bytes)).slice(0, 32))
  })

  it.each<[string, Partial<NativeCrypto> | undefined]>([
    ['is missing', undefined],
    [
      'throws',
      {
        importX25519: () => {
          throw new Error('unsupported')
        },
      },
    ],
    ['answers wrongly', { importX25519: () => portableX25519(new Uint8Array(32)) }],
    [
      'agrees with keys of low order',
      {
        importX25519: (secret) => ({
          ...portableX25519(secret),
          agree: (key) => nacl.scalarMult(secret, key),
        }),
      },
    ],
  ])('is left aside where it %s', (_, given) => {
    expect(detectX25519(given as NativeCrypto | undefined)).toBeUndefined()
  })
})
