import { equalBytes } from '../core/index.ts'
import { sessionIdLength } from './constants.ts'
import { domainHash } from './hash.ts'

/** Who founded which session. */
export interface Founding {
  readonly sessionId: Uint8Array
  /** Sign key of the founder. */
  readonly founderKey: Uint8Array
  readonly founderNonce: Uint8Array
}

/**
 * The id of the session that the owner of `founderKey` founds with `founderNonce` ([SES-1]): nobody else can
 * announce it, since the announcement shows both and is signed with that key, or proves that its signer followed.
 */
export function deriveSessionId(founderKey: Uint8Array, founderNonce: Uint8Array): Uint8Array {
  return domainHash('openconvoy session 1', sessionIdLength, founderKey, founderNonce)
}

/** Whether the session id is that of the founder. */
export function isFoundedBy({ sessionId, founderKey, founderNonce }: Founding): boolean {
  return equalBytes(sessionId, deriveSessionId(founderKey, founderNonce))
}
