import { succession, type ProvableEntry, type PublicIdentity } from '../../identity/index.ts'
import type { AppliedEntry } from '../record.ts'

/** What shows newcomers, who know no more than an invite, by what right somebody is host. */
export interface Succession {
  readonly founder: PublicIdentity
  readonly founderNonce: Uint8Array
  /** 0 while the founder has been host from the beginning. */
  readonly epoch: number
  /** What leads from the founder to the host of that epoch. */
  readonly proof: readonly Uint8Array[]
}

/** A record, as far as it is needed for that. */
export interface ProvableRecord {
  readonly epoch: number
  readonly length: number
  entry(number: number): Pick<AppliedEntry, 'change' | 'bytes'> | undefined
}

/**
 * The succession of the host of a record ([SUC-6]).
 * @throws ConvoyError `message-too-large` when the host changed too often: see `succession`.
 */
export function successionOf(record: ProvableRecord): Succession {
  const founding = record.entry(0)?.change
  if (founding?.type !== 'founded') throw new Error('A record begins with its founding.')
  const { signKey, boxKey, founderNonce } = founding
  const { epoch } = record
  const proof = epoch === 0 ? [] : succession(entriesOf(record))
  return { founder: { signKey, boxKey }, founderNonce, epoch, proof }
}

function* entriesOf(record: ProvableRecord): Iterable<ProvableEntry> {
  for (let number = 0; number < record.length; number++) {
    const entry = record.entry(number)
    if (entry !== undefined) yield entry
  }
}
