import nacl from 'tweetnacl'
import { equalBytes, fromHex, nativeCrypto, type NativeCrypto, type X25519Key } from '../core/index.ts'
import { keyBytes } from './constants.ts'

type ImportX25519 = (secret: Uint8Array) => X25519Key

/** What agreeing with a key of low order comes to, whatever the other key. */
const noSecret = new Uint8Array(keyBytes)

// RFC 7748 section 6.1: Alice's keys. Agreeing with the base point gives a public key as well.
const probeSecret = fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
const probeKey = fromHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
const basePoint = new Uint8Array(keyBytes)
basePoint[0] = 9

let chosen: ImportX25519 | undefined

/** The key of 32 secret bytes: the platform's where it has one that answers at once, tweetnacl's elsewhere. */
export function importX25519(secret: Uint8Array): X25519Key {
  chosen ??= detectX25519(nativeCrypto) ?? portableX25519
  return chosen(secret)
}

/** Tries the platform on known keys; anything but right answers counts as absent. */
export function detectX25519(native: NativeCrypto | undefined): ImportX25519 | undefined {
  if (native === undefined) return undefined
  try {
    const key = native.importX25519(probeSecret)
    const agreed = key.agree(basePoint)
    const isRight =
      equalBytes(key.publicKey, probeKey) &&
      agreed !== undefined &&
      equalBytes(agreed, probeKey) &&
      key.agree(noSecret) === undefined
    return isRight ? (secret) => native.importX25519(secret) : undefined
  } catch {
    return undefined
  }
}

/** On tweetnacl. */
export const portableX25519: ImportX25519 = (secret) => {
  const { publicKey, secretKey } = nacl.box.keyPair.fromSecretKey(secret)
  return {
    publicKey,
    agree(other) {
      const shared = nacl.scalarMult(secretKey, other)
      return equalBytes(shared, noSecret) ? undefined : shared
    },
  }
}
