import { equalBytes } from '../../core/index.ts'
import { entryBatches } from '../entryBatches.ts'
import type { Peer } from '../peer.ts'
import type { SessionRecord } from '../record.ts'
import type { Session } from '../session.ts'
import type { AuthorityMessageOf } from './authorityMessages.ts'

/**
 * Hands a member what it lacks, as one that is not the host: it is not told what is committed ([AUT-4]).
 * @param epoch - the highest that this peer knows of.
 */
export function handEntries(
  record: SessionRecord,
  peer: Peer,
  holds: AuthorityMessageOf<'holds'>,
  epoch: number,
): void {
  const own = record.digestAt(holds.length)
  const isAlike = own !== undefined && equalBytes(own, holds.digest)
  const next = isAlike ? holds.length : Math.min(holds.committed, record.committed)
  // What went before is the host's to hand on, in a snapshot.
  if (next < record.first) return
  for (const entries of entryBatches(record, next, record.length))
    peer.control?.send({ type: 'entries', epoch: Math.max(epoch, holds.epoch), entries, committed: 0 })
}

/** Shows a member whose record is older than this peer's that there is more: it asks for what is between ([AUT-4]). */
export function handNewest(record: SessionRecord, peer: Peer, epoch: number): void {
  const newest = record.entry(record.length - 1)
  if (newest !== undefined)
    peer.control?.send({ type: 'entries', epoch, entries: [newest.bytes], committed: 0 })
}

/**
 * Tells neighbours who the new host is: some may have no link with it yet, and what this peer says next, such as a farewell,
 * must not come before that.
 */
export function handNews(session: Session): void {
  const { record, host } = session
  const { epoch, epochSince } = record
  const elected = record.entry(epochSince)
  if (elected === undefined) return
  for (const { member, admitted, control } of session.peers()) {
    if (admitted && member.id !== host.id)
      control?.send({ type: 'entries', epoch, entries: [elected.bytes], committed: 0 })
  }
}
