import nacl from 'tweetnacl'
import { concat, nativeCrypto, utf8 } from '../core/index.ts'

const sha512 = (bytes: Uint8Array): Uint8Array => nativeCrypto?.sha512(bytes) ?? nacl.hash(bytes)

/** Domains as they are hashed: they are a dozen, written in the code. */
const prefixes = new Map<string, Uint8Array>()

/** Where what is hashed is put together, as long as it fits: memory of its own takes longer to get than the hash. */
const scratch = new Uint8Array(2_048)

/**
 * The first `length` bytes of SHA-512 over `domain`, a zero byte and `parts`. The domain keeps hashes of one
 * use from meaning anything in another; parts must have fixed lengths or be the last one.
 */
export function domainHash(domain: string, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let prefix = prefixes.get(domain)
  if (prefix === undefined) prefixes.set(domain, (prefix = utf8(`${domain}\0`)))
  return sha512(whole(prefix, parts)).slice(0, length)
}

/** All of it in a row; valid until the next call. */
function whole(prefix: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let length = prefix.length
  for (const part of parts) length += part.length
  if (length > scratch.length) return concat(prefix, ...parts)
  scratch.set(prefix)
  let offset = prefix.length
  for (const part of parts) {
    scratch.set(part, offset)
    offset += part.length
  }
  return scratch.subarray(0, length)
}
