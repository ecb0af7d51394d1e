import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../lib/core/index.ts'
import { createSigner, tweetnaclSigner, verifySignature, verifySync } from '../../lib/identity/index.ts'
import { detectNativeEd25519 } from '../../lib/identity/nativeEd25519.ts'
import { isStrictlyFormed } from '../../lib/identity/strictEd25519.ts'
import { codeOf, tampered } from './support.ts'

// RFC 8032 section 7.1: tests 1, 2, 3 and SHA(abc).
const vectors = [
  {
    name: 'empty message',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'one byte',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'two bytes',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'a digest',
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
].map((vector) => ({
  name: vector.name,
  seed: fromHex(vector.seed),
  publicKey: fromHex(vector.publicKey),
  message: fromHex(vector.message),
  signature: fromHex(vector.signature),
}))

const native = await detectNativeEd25519(crypto.subtle)

/** Every way to check a signature; all have to agree. */
async function verdicts(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean[]> {
  return [verifySync(message, signature, publicKey), await verifySignature(message, signature, publicKey)]
}

/** S + n·L in place of S: the same signature in another spelling. */
function withUnreducedS(signature: Uint8Array, times: bigint): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + times * order
  return concat(signature.subarray(0, 32), fromHex(s.toString(16).padStart(64, '0')).reverse())
}

describe('Ed25519', () => {
  it('is there natively: the tests below compare two implementations', () => {
    expect(native).toBeDefined()
  })

  it.each(vectors)('[IDN-1] signs as RFC 8032 says, natively and not: $name', async (vector) => {
    expect(tweetnaclSigner(vector.seed).publicKey).toEqual(vector.publicKey)
    expect(tweetnaclSigner(vector.seed).sign(vector.message)).toEqual(vector.signature)
    expect(createSigner(vector.seed).publicKey).toEqual(vector.publicKey)
    expect(await createSigner(vector.seed).sign(vector.message)).toEqual(vector.signature)
    expect(await (await native!.importSeed(vector.seed))(vector.message)).toEqual(vector.signature)
  })

  it.each(vectors)(
    'accepts the signature of RFC 8032, and none with a bit changed: $name',
    async (vector) => {
      const { message, signature, publicKey } = vector
      expect(await verdicts(message, signature, publicKey)).toEqual([true, true])
      expect(await verdicts(concat(message, Uint8Array.of(0)), signature, publicKey)).toEqual([false, false])
      for (const changed of tampered(signature)) {
        expect(await verifySignature(message, changed, publicKey)).toBe(false)
      }
    },
  )

  it('gives the same keys, signatures and verdicts natively, by tweetnacl and by node:crypto', async () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    await fc.assert(
      fc.asyncProperty(seeds, fc.uint8Array({ maxLength: 200 }), async (seed, message) => {
        const pkcs8 = concat(fromHex('302e020100300506032b657004220420'), seed)
        const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
        const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
        const { publicKey, sign: signSync } = tweetnaclSigner(seed)
        const signature = signSync(message)
        expect(toHex(publicKey)).toBe(toHex(spki.subarray(-32)))
        expect(toHex(signature)).toBe(toHex(sign(null, message, key)))
        expect(await createSigner(seed).sign(message)).toEqual(signature)
        expect(await verdicts(message, signature, publicKey)).toEqual([true, true])
      }),
      { numRuns: 20 },
    )
  })

  it('takes Buffers, changes none of them and keeps none of their memory', async () => {
    const { seed, message, signature, publicKey } = vectors[2]!
    const buffers = [seed, message, signature, publicKey].map((bytes) => Buffer.from(bytes))
    const [seedBuffer, messageBuffer, signatureBuffer, keyBuffer] = buffers as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ]
    const signer = createSigner(seedBuffer)
    seedBuffer.fill(0)
    const signed = signer.sign(messageBuffer)
    const checked = verifySignature(messageBuffer, signatureBuffer, keyBuffer)
    expect(keyBuffer).toEqual(Buffer.from(publicKey))
    messageBuffer.fill(0)
    signatureBuffer.fill(0)
    keyBuffer.fill(0)
    expect(await signed).toEqual(signature)
    expect(await checked).toBe(true)
  })

  it.each([0, 31, 33, 64])('refuses a seed of %i bytes', async (length) => {
    expect(await codeOf(() => createSigner(new Uint8Array(length)))).toBe('invalid-argument')
  })
})

describe('[IDN-3] strict verification', () => {
  const { message, signature, publicKey, seed } = vectors[1]!

  it.each([1n, 2n, 8n])('refuses S + %i·L, which tweetnacl alone would take', async (times) => {
    const malleated = withUnreducedS(signature, times)
    expect(nacl.sign.detached.verify(message, malleated, publicKey)).toBe(true)
    expect(await native!.verify(message, malleated, publicKey)).toBe(false)
    expect(await verdicts(message, malleated, publicKey)).toEqual([false, false])
  })

  // Canonical encodings of the eight points of small order, and those y ≥ p that spell them once more.
  const smallOrderKeys = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  ].map(fromHex)

  it('refuses keys of small order, for which tweetnacl alone takes a signature made without a secret', async () => {
    // R is the neutral element and S is 0: right for any message whose hash is a multiple of the key's order.
    const universal = concat(fromHex(`01${'00'.repeat(31)}`), new Uint8Array(32))
    let takenByTweetnacl = 0
    for (const key of smallOrderKeys) {
      for (let attempt = 0; attempt < 8; attempt++) {
        const text = utf8(`anything ${attempt}`)
        if (nacl.sign.detached.verify(text, universal, key)) takenByTweetnacl++
        expect(await verdicts(text, universal, key)).toEqual([false, false])
      }
    }
    expect(takenByTweetnacl).toBeGreaterThan(0)
  })

  it('refuses every key whose y is not below the field prime', () => {
    for (let low = 0xed; low <= 0xff; low++) {
      for (const top of [0x7f, 0xff]) {
        const key = Uint8Array.of(low, ...new Array<number>(30).fill(0xff), top)
        expect(isStrictlyFormed(signature, key)).toBe(false)
      }
    }
  })

  it('refuses a key that is no point of the curve, without throwing', async () => {
    const noPoint = fromHex(`02${'00'.repeat(31)}`)
    expect(isStrictlyFormed(signature, noPoint)).toBe(true)
    expect(await verdicts(message, signature, noPoint)).toEqual([false, false])
  })

  it.each([0, 63, 65])('refuses a signature of %i bytes', async (length) => {
    expect(await verdicts(message, new Uint8Array(length), publicKey)).toEqual([false, false])
  })

  it.each([0, 31, 33])('refuses a key of %i bytes', async (length) => {
    expect(await verdicts(message, signature, new Uint8Array(length))).toEqual([false, false])
  })

  it('refuses no honest signature', () => {
    const { sign: signSync, publicKey: key } = tweetnaclSigner(seed)
    for (let number = 0; number < 20; number++) {
      const text = utf8(`entry ${number}`)
      expect(verifySync(text, signSync(text), key)).toBe(true)
    }
  })
})

describe('a platform without a trustworthy Ed25519', () => {
  const broken = (changes: Partial<SubtleCrypto>): SubtleCrypto => {
    const { subtle } = crypto
    return {
      importKey: subtle.importKey.bind(subtle),
      sign: subtle.sign.bind(subtle),
      verify: subtle.verify.bind(subtle),
      ...changes,
    } as SubtleCrypto
  }

  it('is told from one with it', async () => {
    expect(await detectNativeEd25519(broken({}))).toBeDefined()
  })

  it.each([
    ['has no WebCrypto at all', undefined],
    [
      'does not know the algorithm',
      broken({
        importKey: () => Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError')),
      }),
    ],
    ['accepts every signature', broken({ verify: () => Promise.resolve(true) })],
    ['accepts none', broken({ verify: () => Promise.resolve(false) })],
    ['signs wrongly', broken({ sign: () => Promise.resolve(new ArrayBuffer(64)) })],
  ])('counts as absent when it %s', async (_, subtle) => {
    expect(await detectNativeEd25519(subtle)).toBeUndefined()
  })
})
