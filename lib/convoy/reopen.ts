import type { Clock } from '../core/index.ts'
import { openAnnouncement, type Invite, type Verify } from '../identity/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import type { OpenedRendezvous } from './environment.ts'
import { reachFirst } from './reach.ts'

/** The way to a session, over whichever rendezvous answers first with an announcement that fits the invite. */
export function reachHost(
  { all }: OpenedRendezvous,
  invite: Invite,
  checks: { clock: Clock; verify?: Verify | undefined },
  signal?: AbortSignal,
): Promise<ReachedSession> {
  return reachFirst(
    all,
    invite.sessionId,
    ({ envelope }) => openAnnouncement(envelope, { ...invite, ...checks }),
    signal,
  )
}

/** How a member comes to its host once more: over rendezvous that are opened for it, and closed after. */
export function reopening(
  open: () => OpenedRendezvous,
  invite: Invite,
  checks: { clock: Clock; verify?: Verify | undefined },
): (signal: AbortSignal) => Promise<{ reached: ReachedSession; close(): Promise<void> }> {
  return async (signal) => {
    const rendezvous = open()
    try {
      return { reached: await reachHost(rendezvous, invite, checks, signal), close: () => rendezvous.close() }
    } catch (error) {
      await rendezvous.close()
      throw error
    }
  }
}
