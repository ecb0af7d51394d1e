import nacl from 'tweetnacl'
import { concat, utf8 } from '../core/index.ts'

/**
 * The first `length` bytes of SHA-512 over `domain`, a zero byte and `parts`. The domain keeps hashes of one
 * use from meaning anything in another; parts must have fixed lengths or be the last one.
 */
export function domainHash(domain: string, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return nacl.hash(concat(utf8(`${domain}\0`), ...parts)).slice(0, length)
}
