import { createPrivateKey, createPublicKey, diffieHellman, hash } from 'node:crypto'
import { fromBase64Url } from './bytes.ts'
import { ConvoyError } from './errors.ts'
import type { NativeCrypto } from './nativeCrypto.ts'

// What precedes the 32 bytes of a key in PKCS #8 and in SPKI (RFC 8410, sections 7 and 4).
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex')

/** Node's own, in C: X25519 takes a tenth of what it does in JavaScript, SHA-512 a fifth. */
export const nodeCrypto: NativeCrypto = {
  sha512(bytes) {
    const digest = hash('sha512', bytes, 'buffer')
    return new Uint8Array(digest.buffer, digest.byteOffset, digest.length)
  },
  importX25519(secret) {
    const privateKey = createPrivateKey(pem('PRIVATE KEY', pkcs8Prefix, secret))
    const { x } = privateKey.export({ format: 'jwk' })
    if (x === undefined) throw new ConvoyError('unsupported', 'Node tells no public key of a secret one.')
    return {
      publicKey: fromBase64Url(x),
      agree(publicKey) {
        const theirs = createPublicKey(pem('PUBLIC KEY', spkiPrefix, publicKey))
        try {
          return new Uint8Array(diffieHellman({ privateKey, publicKey: theirs }))
        } catch {
          // OpenSSL refuses to come to nothing but zeros.
          return undefined
        }
      },
    }
  },
}

/** As text, which Node takes in half the time: of bytes it first makes sure, by two errors, that they are no key object. */
function pem(label: string, prefix: Uint8Array, key: Uint8Array): string {
  const base64 = Buffer.concat([prefix, key]).toString('base64')
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}
