import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, fromHex, seededRandom, toHex, utf8 } from '../../lib/core/index.ts'
import { sealMessage, sealOverhead } from '../../lib/identity/index.ts'
import { alice, bob, codeOf, lowOrderKeys, tampered, vectorRandom } from './support.ts'

const random = seededRandom(2)

describe('[IDN-12] a sealed message', () => {
  it('has the bytes of the test vector', () => {
    expect(toHex(sealMessage(alice.boxKey, utf8('hello'), vectorRandom))).toBe(
      '13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d070707070707070707070707070707070707070707070707' +
        'b64c9538e0dc44b1e871ac237ceb84cdb232d59d83',
    )
  })

  it('is opened by its recipient, whatever is inside, and is 72 bytes longer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (message) => {
        const sealed = sealMessage(bob.boxKey, message, random)
        expect(sealed.length).toBe(message.length + sealOverhead)
        expect(bob.unseal(sealed)).toEqual(message)
        expect(bob.unseal(Buffer.from(sealed))).toEqual(message)
      }),
      { numRuns: 10 },
    )
    expect(sealOverhead).toBe(72)
  })

  it('is opened by nobody else', () => {
    expect(alice.unseal(sealMessage(bob.boxKey, utf8('hello'), random))).toBeUndefined()
  })

  it('tells nobody who sent it: the same message is other bytes each time, of keys used once', () => {
    const seals = Array.from({ length: 4 }, () => sealMessage(bob.boxKey, utf8('hello'), random))
    for (const [index, sealed] of seals.entries()) {
      for (const other of seals.slice(index + 1)) {
        expect(equalBytes(sealed.subarray(0, 32), other.subarray(0, 32))).toBe(false)
        expect(equalBytes(sealed.subarray(56), other.subarray(56))).toBe(false)
      }
    }
  })

  it('does not open with any one of its bytes changed, missing or added', () => {
    const sealed = sealMessage(bob.boxKey, utf8('hi'), random)
    for (const [index, changed] of tampered(sealed).entries()) {
      // X25519 ignores the top bit of a public key (RFC 7748): that change is none.
      if (index !== 31) expect(bob.unseal(changed)).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(bob.unseal(sealed.subarray(0, length))).toBeUndefined()
    }
    expect(bob.unseal(concat(sealed, Uint8Array.of(0)))).toBeUndefined()
  })

  it('is nothing but refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
        expect(bob.unseal(noise)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })
})

describe('[IDN-13] sealing', () => {
  it.each(lowOrderKeys)('is refused to the low-order key %s, which anybody could open', async (key) => {
    expect(await codeOf(() => sealMessage(fromHex(key), utf8('hello'), random))).toBe('invalid-argument')
  })

  it.each([0, 31, 33])('is refused to a key of %i bytes', async (length) => {
    expect(await codeOf(() => sealMessage(new Uint8Array(length), utf8('hello'), random))).toBe(
      'invalid-argument',
    )
  })
})

describe('[IDN-13] opening', () => {
  it.each(lowOrderKeys)(
    'gives nothing for a seal that anybody could have made, of the ephemeral key %s',
    (key) => {
      // What it would be sealed with: the same for every recipient.
      const shared = nacl.box.before(fromHex(key), new Uint8Array(32).fill(3))
      const nonce = new Uint8Array(24)
      const sealed = concat(fromHex(key), nonce, nacl.secretbox(utf8('hello'), nonce, shared))
      expect(bob.unseal(sealed)).toBeUndefined()
    },
  )
})
