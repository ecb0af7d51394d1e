import type { PublicIdentity } from '../../identity/index.ts'
import type { SessionRecord } from '../record.ts'
import type { Authority } from './authority.ts'

/** What shows newcomers, who know no more than an invite, by what right somebody is host. */
export interface Succession {
  readonly founder: PublicIdentity
  readonly founderNonce: Uint8Array
  /** 0 while the founder has been host from the beginning. */
  readonly epoch: number
  /** What leads from the founder to the host of that epoch. */
  readonly proof: readonly Uint8Array[]
}

/**
 * The succession of the host of a record ([SUC-6]).
 * @throws ConvoyError `message-too-large` when nobody can be shown who is host: see `checkProofSize`.
 */
export function successionOf({
  record,
  authority,
}: {
  readonly record: Pick<SessionRecord, 'epoch' | 'authorityEntries'>
  readonly authority: Pick<Authority, 'succession'>
}): Succession {
  const { epoch, authorityEntries } = record
  const [founding] = authorityEntries
  if (founding?.change.type !== 'founded') throw new Error('A record begins with its founding.')
  const { signKey, boxKey, founderNonce } = founding.change
  return { founder: { signKey, boxKey }, founderNonce, epoch, proof: authority.succession() }
}
