import { describe, expect, it } from 'vitest'
import { seededRandom, toHex, utf8 } from '../../lib/core/index.ts'
import { sealMessage, verifySignature } from '../../lib/identity/index.ts'
import {
  simulatedIdentity,
  simulatedVerify,
  synchronousIdentity,
  synchronousVerify,
} from '../../lib/testing/index.ts'

const kinds = [
  { name: 'simulated', make: simulatedIdentity, verify: simulatedVerify },
  { name: 'synchronous', make: synchronousIdentity, verify: synchronousVerify },
]

describe.each(kinds)('a $name identity', ({ make, verify }) => {
  it('is the same for the same seed, and another one otherwise', () => {
    const describeIdentity = (seed: number): string[] => {
      const identity = make(seededRandom(seed))
      const signature = identity.signer.sign(utf8('hello')) as Uint8Array
      return [identity.fingerprint, ...[identity.signKey, identity.boxKey, signature].map(toHex)]
    }
    expect(describeIdentity(1)).toEqual(describeIdentity(1))
    for (const [index, text] of describeIdentity(2).entries())
      expect(text).not.toBe(describeIdentity(1)[index])
  })

  it('signs at once, what only its own key and the untouched message verify', () => {
    const identity = make(seededRandom(1))
    const other = make(seededRandom(2))
    const message = utf8('the rules of today')
    const signature = identity.signer.sign(message)
    if (signature instanceof Promise) throw new Error('A promise would break replay.')
    expect(signature).toHaveLength(64)
    expect(verify(message, signature, identity.signKey)).toBe(true)
    expect(verify(utf8('the rules of yore!'), signature, identity.signKey)).toBe(false)
    expect(verify(message, signature, other.signKey)).toBe(false)
    for (const index of [0, 31, 32, 63]) {
      const tampered = signature.slice()
      tampered[index] = (tampered[index] ?? 0) ^ 1
      expect(verify(message, tampered, identity.signKey)).toBe(false)
    }
    expect(verify(message, signature.slice(1), identity.signKey)).toBe(false)
  })

  it('opens what was sealed to it', () => {
    const identity = make(seededRandom(1))
    const sealed = sealMessage(identity.boxKey, utf8('secret'), seededRandom(3))
    expect(identity.unseal(sealed)).toEqual(utf8('secret'))
    expect(make(seededRandom(2)).unseal(sealed)).toBeUndefined()
  })
})

describe('a synchronous identity', () => {
  it('signs what any peer of the real world verifies', async () => {
    const identity = synchronousIdentity(seededRandom(4))
    const signature = await identity.signer.sign(utf8('real'))
    expect(await verifySignature(utf8('real'), signature, identity.signKey)).toBe(true)
  })
})
