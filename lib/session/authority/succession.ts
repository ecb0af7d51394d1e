import { succession, type PublicIdentity } from '../../identity/index.ts'
import type { SessionRecord } from '../record.ts'

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
 * @throws ConvoyError `message-too-large` when the host changed too often: see `succession`.
 */
export function successionOf(record: Pick<SessionRecord, 'epoch' | 'authorityEntries'>): Succession {
  const { epoch, authorityEntries } = record
  const [founding] = authorityEntries
  if (founding?.change.type !== 'founded') throw new Error('A record begins with its founding.')
  const { signKey, boxKey, founderNonce } = founding.change
  const proof = epoch === 0 ? [] : succession(authorityEntries)
  return { founder: { signKey, boxKey }, founderNonce, epoch, proof }
}
