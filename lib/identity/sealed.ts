import nacl from 'tweetnacl'
import { concat, ConvoyError, utf8, type RandomSource, type X25519Key } from '../core/index.ts'
import { keyBytes } from './constants.ts'
import { importX25519 } from './x25519.ts'

/** Bytes that sealing adds: an ephemeral key (32), a nonce (24) and the authenticator (16). */
export const sealOverhead = nacl.box.publicKeyLength + nacl.box.nonceLength + nacl.box.overheadLength

/** The part of tweetnacl that its declarations leave out: what `nacl.box` makes of what two keys agree on. */
const { lowlevel } = nacl as typeof nacl & {
  lowlevel: {
    crypto_core_hsalsa20(out: Uint8Array, input: Uint8Array, key: Uint8Array, constant: Uint8Array): void
  }
}
const zeros = new Uint8Array(16)
/** Salsa20's constant. */
const sigma = utf8('expand 32-byte k')

/**
 * Seals `bytes` so that only the owner of `recipientBoxKey` can read them, and nobody, the recipient included,
 * can tell from the seal who sent them: see [IDN-12]. Who did belongs inside, in a signed envelope.
 * @throws ConvoyError `invalid-argument` when the key has not 32 bytes or gives no secrecy.
 */
export function sealMessage(
  recipientBoxKey: Uint8Array,
  bytes: Uint8Array,
  random: RandomSource,
): Uint8Array {
  if (recipientBoxKey.length !== keyBytes) {
    throw new ConvoyError('invalid-argument', `A box key has ${keyBytes} bytes.`)
  }
  const ephemeral = importX25519(random.bytes(keyBytes))
  const shared = sharedKey(ephemeral, recipientBoxKey)
  if (shared === undefined) {
    throw new ConvoyError('invalid-argument', 'The box key gives no secrecy: refuse the peer that shows it.')
  }
  const nonce = random.bytes(nacl.box.nonceLength)
  return concat(ephemeral.publicKey, nonce, nacl.box.after(bytes, nonce, shared))
}

/** What is inside a sealed message, or undefined when it was not sealed to this key or was tampered with. */
export function openSeal(boxSecret: X25519Key, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < sealOverhead) return undefined
  const shared = sharedKey(boxSecret, sealed.subarray(0, keyBytes))
  if (shared === undefined) return undefined
  const nonce = sealed.subarray(keyBytes, keyBytes + nacl.box.nonceLength)
  const box = sealed.subarray(keyBytes + nacl.box.nonceLength)
  return nacl.box.open.after(box, nonce, shared) ?? undefined
}

/** `nacl.box.before`, on whichever X25519 there is; undefined for a key that gives no secrecy. */
function sharedKey(own: X25519Key, publicKey: Uint8Array): Uint8Array | undefined {
  const agreed = own.agree(publicKey)
  if (agreed === undefined) return undefined
  const key = new Uint8Array(nacl.box.sharedKeyLength)
  lowlevel.crypto_core_hsalsa20(key, zeros, agreed, sigma)
  return key
}
