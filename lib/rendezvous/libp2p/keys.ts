import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { concat, ConvoyError, equalBytes } from '../../core/index.ts'
import { domainHash, type Identity } from '../../identity/index.ts'

/**
 * The key that a peer is known by in libp2p: that of its identity, so that noise proves the same one ([P2P-1]).
 * @throws ConvoyError `invalid-argument` for an identity that signs with another key than its seed's.
 */
export async function privateKeyOf(identity: Identity): Promise<PrivateKey> {
  const key = await generateKeyPairFromSeed('Ed25519', identity.seed)
  if (!equalBytes(key.publicKey.raw, identity.signKey)) {
    throw new ConvoyError(
      'invalid-argument',
      'libp2p needs an identity that signs with the key of its seed: make it without a signer of your own.',
    )
  }
  return key
}

/** The peer id of who signs with `signKey`. */
export function peerIdOf(signKey: Uint8Array): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(signKey))
}

/** Whether `peer` is who signs with `signKey`. */
export function isPeerOf(peer: PeerId, signKey: Uint8Array): boolean {
  return peer.type === 'Ed25519' && equalBytes(peer.publicKey.raw, signKey)
}

/** What stands for a content of the hash table: libp2p's own type, whichever package brings it. */
export type ContentKey = ReturnType<PeerId['toCID']>

/** Multihash of 32 bytes of SHA-256 or what looks like them. */
const multihashPrefix = Uint8Array.of(0x12, 32)
/** The part `/p2p/` of a multiaddr, and the length of such a multihash. */
const p2pPrefix = Uint8Array.of(0xa5, 0x03, 34)

/** What a session is found by in the hash table: its id can't be read from it ([P2P-12]). */
export function contentKeyOf(sessionId: Uint8Array): ContentKey {
  const digest = domainHash('openconvoy libp2p session 1', 32, sessionId)
  // The text of the multihash is what a multiaddr shows of it; from that text libp2p makes the key.
  const [part] = multiaddr(concat(p2pPrefix, multihashPrefix, digest)).getComponents()
  return peerIdFromString(part?.value ?? '').toCID()
}
