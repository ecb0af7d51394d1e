import nacl from 'tweetnacl'
import { concat, ConvoyError, equalBytes, type RandomSource } from '../core/index.ts'
import { keyBytes } from './constants.ts'

/** Bytes that sealing adds: an ephemeral key (32), a nonce (24) and the authenticator (16). */
export const sealOverhead = nacl.box.publicKeyLength + nacl.box.nonceLength + nacl.box.overheadLength

/** What a key that gives no secrecy is shared as; computed once, since it costs as much as sealing itself. */
let noSecrecy: Uint8Array | undefined

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
  const ephemeral = nacl.box.keyPair.fromSecretKey(random.bytes(keyBytes))
  const shared = nacl.box.before(recipientBoxKey, ephemeral.secretKey)
  // A low-order key gives everybody the same shared secret as the all-zero key does, whatever their own.
  noSecrecy ??= nacl.box.before(new Uint8Array(keyBytes), ephemeral.secretKey)
  if (equalBytes(shared, noSecrecy)) {
    throw new ConvoyError('invalid-argument', 'The box key gives no secrecy: refuse the peer that shows it.')
  }
  const nonce = random.bytes(nacl.box.nonceLength)
  return concat(ephemeral.publicKey, nonce, nacl.box.after(bytes, nonce, shared))
}

/** What is inside a sealed message, or undefined when it was not sealed to this key or was tampered with. */
export function openSeal(boxSecretKey: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < sealOverhead) return undefined
  const ephemeralKey = sealed.subarray(0, keyBytes)
  const nonce = sealed.subarray(keyBytes, keyBytes + nacl.box.nonceLength)
  const box = sealed.subarray(keyBytes + nacl.box.nonceLength)
  return nacl.box.open(box, nonce, ephemeralKey, boxSecretKey) ?? undefined
}
