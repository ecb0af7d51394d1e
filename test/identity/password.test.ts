import { pbkdf2Sync } from 'node:crypto'
import fc from 'fast-check'
import * as v from 'valibot'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { concat, isConvoyError, toHex, utf8 } from '../../lib/core/index.ts'
import {
  checkPasswordProof,
  derivePasswordVerifier,
  deriveSessionId,
  passwordIterations,
  passwordIterationsMax,
  passwordParamsSchema,
  passwordVerifierSchema,
  provePassword,
  verifySync,
  type PasswordParams,
} from '../../lib/identity/index.ts'
import { deriveKey, nativePbkdf2, portablePbkdf2 } from '../../lib/identity/pbkdf2.ts'
import { alice, codeOf, tampered } from './support.ts'

const sessionId = deriveSessionId(alice.signKey, new Uint8Array(16).fill(7))
const params: PasswordParams = { salt: new Uint8Array(16).fill(1), iterations: 10, sessionId }
const challenge = utf8('a fresh challenge that names both peers')

describe('[IDN-21] the key of a password', () => {
  it('is that of the test vector, as node:crypto and RFC 8018 have it', async () => {
    const vector = { ...params, iterations: 1_000 }
    const { publicKey } = await derivePasswordVerifier('Grüße', vector)
    expect(toHex(publicKey)).toBe('d69eae798fa4fbc9d76828e4ef77509cae4e8ea65cae0b2b32b8019e4f021b47')
    const salt = concat(utf8('openconvoy password 1\0'), params.salt, sessionId)
    const seed = pbkdf2Sync('Grüße', salt, 1_000, 32, 'sha512')
    expect(toHex(nacl.sign.keyPair.fromSeed(seed).publicKey)).toBe(toHex(publicKey))
  })

  it('has the same bytes natively and in plain JavaScript', async () => {
    const native = nativePbkdf2(crypto.subtle)
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        async (password, salt, iterations) => {
          expect(await native(password, salt, iterations)).toEqual(
            await portablePbkdf2(password, salt, iterations),
          )
        },
      ),
      { numRuns: 30 },
    )
    const [password, salt] = [utf8('secret'), new Uint8Array(16)]
    expect(await deriveKey(password, salt, 1_001)).toEqual(await portablePbkdf2(password, salt, 1_001))
  })

  it('is there at once for few iterations: simulations replay', () => {
    expect(deriveKey(utf8('secret'), new Uint8Array(16), 1_000)).toBeInstanceOf(Uint8Array)
    expect(deriveKey(utf8('secret'), new Uint8Array(16), 1_001)).toBeInstanceOf(Promise)
  })

  it('is another one for another password, salt, number of iterations or session', async () => {
    const keyOf = async (password: string, changes: Partial<PasswordParams>) =>
      toHex((await derivePasswordVerifier(password, { ...params, ...changes })).publicKey)
    const keys = [
      await keyOf('secret', {}),
      await keyOf('Secret', {}),
      await keyOf('secret', { salt: new Uint8Array(16) }),
      await keyOf('secret', { iterations: 11 }),
      await keyOf('secret', { sessionId: new Uint8Array(16) }),
      await keyOf('secret', { sessionId: undefined }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('is the same however a keyboard composes a letter', async () => {
    expect(await derivePasswordVerifier('Gr\u00fc\u00dfe', params)).toEqual(
      await derivePasswordVerifier('Gru\u0308\u00dfe', params),
    )
  })

  it('costs by default what OWASP asks for, which is well below what a joiner accepts', () => {
    expect(passwordIterations).toBe(210_000)
    expect(passwordIterations * 2).toBeLessThan(passwordIterationsMax)
  })
})

describe('[IDN-22] a password proof', () => {
  it('fits the challenge, and is checked by public key alone', async () => {
    const { publicKey } = await derivePasswordVerifier('secret', params)
    const proof = await provePassword('secret', params, challenge)
    expect(await checkPasswordProof(publicKey, challenge, proof)).toBe(true)
    expect(await checkPasswordProof(publicKey, challenge, proof, verifySync)).toBe(true)
  })

  it('does not fit another challenge, and not with a bit changed', async () => {
    const { publicKey } = await derivePasswordVerifier('secret', params)
    const proof = await provePassword('secret', params, challenge)
    expect(await checkPasswordProof(publicKey, utf8('another challenge'), proof)).toBe(false)
    for (const changed of tampered(proof))
      expect(await checkPasswordProof(publicKey, challenge, changed)).toBe(false)
  })

  it('is not to be had from a wrong password', async () => {
    const { publicKey } = await derivePasswordVerifier('secret', params)
    for (const wrong of ['', 'Secret', 'secret ', 'secre']) {
      expect(
        await checkPasswordProof(publicKey, challenge, await provePassword(wrong, params, challenge)),
      ).toBe(false)
    }
  })

  it.each([0, 63, 65])('is refused, not a crash, with %i bytes', async (length) => {
    const { publicKey } = await derivePasswordVerifier('secret', params)
    expect(await checkPasswordProof(publicKey, challenge, new Uint8Array(length))).toBe(false)
  })

  it('is no signature of anything else: the challenge is signed under a domain of its own', async () => {
    const { publicKey } = await derivePasswordVerifier('secret', params)
    const proof = await provePassword('secret', params, challenge)
    expect(verifySync(challenge, proof, publicKey)).toBe(false)
    expect(verifySync(concat(utf8('openconvoy password proof 1\0'), challenge), proof, publicKey)).toBe(true)
  })
})

describe('[IDN-23] what a host asks for', () => {
  it.each([
    ['no iterations', { iterations: 0 }],
    ['iterations that would take hours', { iterations: passwordIterationsMax + 1 }],
    ['infinitely many iterations', { iterations: Infinity }],
    ['iterations that are no number', { iterations: NaN }],
    ['a fraction of an iteration', { iterations: 1.5 }],
    ['a short salt', { salt: new Uint8Array(15) }],
    ['a long salt', { salt: new Uint8Array(17) }],
  ])('is refused before anything is derived: %s', async (_, changes) => {
    const wrong = { ...params, ...changes }
    expect(await codeOf(() => provePassword('secret', wrong, challenge))).toBe('invalid-argument')
    expect(await codeOf(() => derivePasswordVerifier('secret', wrong))).toBe('invalid-argument')
    expect(v.is(passwordParamsSchema, { salt: wrong.salt, iterations: wrong.iterations })).toBe(false)
  })

  it('is held in the record as salt, iterations and public key, and nothing else', async () => {
    const { salt, iterations } = params
    const verifier = { salt, iterations, ...(await derivePasswordVerifier('secret', params)) }
    expect(v.is(passwordVerifierSchema, verifier)).toBe(true)
    expect(v.is(passwordVerifierSchema, { ...verifier, password: 'secret' })).toBe(false)
    expect(v.is(passwordVerifierSchema, { ...verifier, iterations: passwordIterationsMax + 1 })).toBe(false)
  })

  it('[IDN-5] never brings the password into an error', async () => {
    const attempt = provePassword('my secret password', { ...params, iterations: 0 }, challenge)
    const error: unknown = await attempt.catch((caught: unknown) => caught)
    expect(isConvoyError(error)).toBe(true)
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('secret')
  })
})
