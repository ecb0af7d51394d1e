import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import {
  createIdentity,
  createSigner,
  sealMessage,
  tweetnaclSigner,
  verifySignature,
  verifySync,
} from '../../lib/identity/index.ts'
import { nativeEd25519 } from '../../lib/identity/nativeEd25519.ts'

// Message lengths around the block sizes of SHA-512, and none at all.
const lengths = [0, 1, 31, 32, 63, 64, 111, 112, 127, 128, 129, 1_150, 16_384]

describe('identity in a browser', () => {
  const random = seededRandom(7)

  it('finds the Ed25519 of the browser', async () => {
    expect(await nativeEd25519()).toBeDefined()
  })

  it('signs natively with the same bytes as tweetnacl', async () => {
    for (const length of lengths) {
      const seed = random.bytes(32)
      const message = random.bytes(length)
      const signer = createSigner(seed)
      const signature = await signer.sign(message)
      const reference = tweetnaclSigner(seed)
      expect(signature).toEqual(reference.sign(message))
      expect(signer.publicKey).toEqual(reference.publicKey)
    }
  })

  it('verifies natively what tweetnacl accepts, and refuses what it refuses', async () => {
    for (const length of lengths) {
      const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(random.bytes(32))
      const message = random.bytes(length)
      const signature = nacl.sign.detached(message, secretKey)
      expect(await verifySignature(message, signature, publicKey)).toBe(true)
      for (const changed of [0, 31, 32, 63]) {
        const forged = signature.slice()
        forged[changed] = forged[changed]! ^ 1
        expect(await verifySignature(message, forged, publicKey)).toBe(false)
        expect(verifySync(message, forged, publicKey)).toBe(false)
      }
    }
  })

  it('makes keys that open what was sealed to them', () => {
    const identity = createIdentity({ random })
    const message = random.bytes(500)
    expect(identity.unseal(sealMessage(identity.boxKey, message, random))).toEqual(message)
  })
})
