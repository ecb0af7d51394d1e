import type { PublicIdentity } from '../../identity/index.ts'
import type { SessionRecord } from '../record.ts'
import type { Certified } from './certified.ts'

/** What shows newcomers, who know no more than an invite, by what right somebody is host. */
export interface Succession {
  readonly founder: PublicIdentity
  readonly founderNonce: Uint8Array
  /** 0 while the founder has been host from the beginning. */
  readonly epoch: number
  /** What leads from the founder to the host of that epoch. */
  readonly proof: readonly Uint8Array[]
}

/** What {@link successionOf} needs of a session. */
export interface ProvenSession {
  readonly record: Pick<SessionRecord, 'epoch' | 'authorityEntries'>
  readonly authority: { readonly proofs: { readonly certified: Pick<Certified, 'succession' | 'whole'> } }
}

/**
 * The succession of the host of a record ([SUC-6]).
 * @param meeting - whether to show who votes as well: what a meeting point does ([SUC-12]).
 * @throws ConvoyError `message-too-large` when nobody can be shown who is host: see `checkProofSize`.
 */
export function successionOf({ record, authority }: ProvenSession, meeting = false): Succession {
  const { epoch, authorityEntries } = record
  const { certified } = authority.proofs
  const [founding] = authorityEntries
  if (founding?.change.type !== 'founded') throw new Error('A record begins with its founding.')
  const { signKey, boxKey, founderNonce } = founding.change
  const proof = meeting ? (certified.whole()?.proof ?? []) : certified.succession()
  return { founder: { signKey, boxKey }, founderNonce, epoch, proof }
}
