import nacl from 'tweetnacl'
import { concat, nativeCrypto, utf8 } from '../core/index.ts'

const sha512 = (bytes: Uint8Array): Uint8Array => nativeCrypto?.sha512(bytes) ?? nacl.hash(bytes)

/** Domains as they are hashed: they are a dozen, written in the code. */
const prefixes = new Map<string, Uint8Array>()

/**
 * The first `length` bytes of SHA-512 over `domain`, a zero byte and `parts`. The domain keeps hashes of one
 * use from meaning anything in another; parts must have fixed lengths or be the last one.
 */
export function domainHash(domain: string, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let prefix = prefixes.get(domain)
  if (prefix === undefined) prefixes.set(domain, (prefix = utf8(`${domain}\0`)))
  return sha512(concat(prefix, ...parts)).slice(0, length)
}
