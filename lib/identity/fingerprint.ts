import { ConvoyError, toBase32 } from '../core/index.ts'
import { fingerprintLength } from './constants.ts'
import { domainHash } from './hash.ts'
import type { PublicIdentity } from './identity.ts'

/** The 16 bytes that name a peer: a hash of both of its public keys, see [IDN-4]. */
export function fingerprintBytes(identity: PublicIdentity): Uint8Array {
  return domainHash('openconvoy fingerprint 1', fingerprintLength, identity.signKey, identity.boxKey)
}

/**
 * The text that names a peer to people and programs: {@link fingerprintBytes} as 26 lower-case base32 digits
 * without look-alikes, e.g. `jdadssbgggc11887h0var35ab8`.
 */
export function fingerprintOf(identity: PublicIdentity): string {
  return toBase32(fingerprintBytes(identity))
}

/** The text form of fingerprint bytes, e.g. of those in an invite. */
export function formatFingerprint(bytes: Uint8Array): string {
  if (bytes.length !== fingerprintLength) {
    throw new ConvoyError('invalid-argument', `A fingerprint has ${fingerprintLength} bytes.`)
  }
  return toBase32(bytes)
}
