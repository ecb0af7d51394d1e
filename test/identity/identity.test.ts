import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  concat,
  fromBase32,
  fromHex,
  isConvoyError,
  seededRandom,
  toBase64Url,
  toHex,
  utf8,
} from '../../lib/core/index.ts'
import {
  createIdentity,
  fingerprintBytes,
  fingerprintOf,
  formatFingerprint,
  tweetnaclSigner,
  verifySync,
} from '../../lib/identity/index.ts'
import { alice, bob, codeOf, vectorSeed } from './support.ts'

/** H of docs/protocol/01-identity.md, by node:crypto. */
function hash(domain: string, length: number, ...parts: Uint8Array[]): Uint8Array {
  const digest = createHash('sha512')
    .update(`${domain}\0`)
    .update(concat(...parts))
    .digest()
  return Uint8Array.from(digest.subarray(0, length))
}

describe('an identity', () => {
  it('[IDN-1] has the keys of its seed, in every run and on every platform', () => {
    expect(toHex(alice.signKey)).toBe('03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8')
    expect(toHex(alice.boxKey)).toBe('0f2726bac431c3e35154e5f98944f448e14933be2707dce30ebd2bce62f00148')
    expect(alice.fingerprint).toBe('7jbfqbgsejs8879a228w1b1nxc')
    expect(createIdentity({ seed: alice.seed }).fingerprint).toBe(alice.fingerprint)
  })

  it('[IDN-2] has the X25519 key of a hash of its seed, as another implementation computes it', () => {
    const secret = hash('openconvoy box key 1', 32, vectorSeed)
    const pkcs8 = concat(fromHex('302e020100300506032b656e04220420'), secret)
    const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
    expect(toHex(alice.boxKey)).toBe(toHex(spki.subarray(-32)))
  })

  it('is another one each time where no seed is given, and repeats from a seeded source', () => {
    expect(createIdentity().fingerprint).not.toBe(createIdentity().fingerprint)
    const fromSource = () => createIdentity({ random: seededRandom(5) }).fingerprint
    expect(fromSource()).toBe(fromSource())
  })

  it('signs with the signer it was given, under that signer’s key', async () => {
    const signer = tweetnaclSigner(new Uint8Array(32).fill(1))
    const identity = createIdentity({ seed: vectorSeed, signer })
    expect(identity.signKey).toEqual(signer.publicKey)
    expect(identity.boxKey).toEqual(alice.boxKey)
    const message = utf8('hello')
    expect(verifySync(message, await identity.signer.sign(message), identity.signKey)).toBe(true)
  })

  it.each([0, 31, 33])('refuses a seed of %i bytes, without showing it', async (length) => {
    expect(await codeOf(() => createIdentity({ seed: new Uint8Array(length) }))).toBe('invalid-argument')
  })

  it('refuses a signer whose key has not 32 bytes', async () => {
    const signer = { publicKey: new Uint8Array(31), sign: () => new Uint8Array(64) }
    expect(await codeOf(() => createIdentity({ signer }))).toBe('invalid-argument')
  })
})

describe('[IDN-4] a fingerprint', () => {
  it('is a hash of both public keys, in 26 digits that don’t look alike', () => {
    expect(fingerprintBytes(alice)).toEqual(hash('openconvoy fingerprint 1', 16, alice.signKey, alice.boxKey))
    expect(fingerprintOf(alice)).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/)
    expect(fromBase32(alice.fingerprint)).toEqual(fingerprintBytes(alice))
    expect(formatFingerprint(fingerprintBytes(alice))).toBe(alice.fingerprint)
  })

  it('changes with either key: nobody can put a box key of his own under a foreign sign key', () => {
    expect(fingerprintOf({ signKey: alice.signKey, boxKey: bob.boxKey })).not.toBe(alice.fingerprint)
    expect(fingerprintOf({ signKey: bob.signKey, boxKey: alice.boxKey })).not.toBe(alice.fingerprint)
  })

  it('is formatted from 16 bytes only', async () => {
    expect(await codeOf(() => formatFingerprint(new Uint8Array(15)))).toBe('invalid-argument')
  })
})

describe('[IDN-5] secrets', () => {
  const boxSecret = hash('openconvoy box key 1', 32, vectorSeed)
  const spellings = [vectorSeed, boxSecret].flatMap((secret) => {
    const some = secret.subarray(0, 12)
    return [
      toHex(some),
      toBase64Url(some),
      Buffer.from(some).toString('base64'),
      [...some].join(','),
      [...some].join(', '),
    ]
  })

  function expectNoSecret(text: string): void {
    const oneLine = text.replace(/\s+/g, ' ')
    for (const spelling of spellings) expect(oneLine).not.toContain(spelling)
  }

  it('don’t show in JSON, in inspect, or in a spread', () => {
    expect(JSON.stringify({ identity: alice })).toBe(`{"identity":{"fingerprint":"${alice.fingerprint}"}}`)
    for (const thing of [alice, alice.signer, { ...alice }]) {
      expectNoSecret(JSON.stringify(thing))
      expectNoSecret(inspect(thing, { showHidden: true, depth: 10, maxArrayLength: null, getters: true }))
    }
    expect(Object.keys(alice)).not.toContain('seed')
    expect('seed' in { ...alice }).toBe(false)
  })

  it('don’t show after the identity has signed', async () => {
    const identity = createIdentity({ seed: vectorSeed })
    await identity.signer.sign(utf8('hello'))
    expectNoSecret(inspect(identity.signer, { showHidden: true, depth: 10, maxArrayLength: null }))
  })

  it('can’t be changed from outside: the seed handed in and the one handed out are copies', () => {
    const seed = Buffer.from(vectorSeed)
    const identity = createIdentity({ seed })
    seed.fill(0)
    identity.seed.fill(0)
    expect(identity.seed).toEqual(vectorSeed)
  })

  it('don’t show in the error about a seed of the wrong length', () => {
    try {
      createIdentity({ seed: vectorSeed.subarray(0, 31) })
      expect.unreachable()
    } catch (error) {
      expect(isConvoyError(error)).toBe(true)
      expectNoSecret(inspect(error, { depth: 10, maxArrayLength: null }))
    }
  })
})
