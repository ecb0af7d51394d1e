import type { Clock } from '../core/index.ts'
import type { Invite, Verify } from '../identity/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'
import { openReached, type Reopen } from '../session/index.ts'
import type { OpenedRendezvous } from './environment.ts'
import { reachFirst } from './reach.ts'

/** A way to a session, and the epoch that its host proved. */
export interface ReachedHost extends ReachedSession {
  readonly epoch: number
}

/**
 * The way to a session, over whichever rendezvous answers first with an announcement that fits the invite.
 * @param leastEpoch - no host of an epoch below it counts.
 */
export function reachHost(
  { all }: OpenedRendezvous,
  invite: Invite,
  checks: { clock: Clock; verify?: Verify | undefined },
  signal?: AbortSignal,
  leastEpoch?: number,
): Promise<ReachedHost> {
  const check = async (reached: ReachedSession): Promise<ReachedHost> => {
    const { epoch } = await openReached(checks, invite, reached, leastEpoch)
    return { ...reached, epoch }
  }
  // Nobody is asked to carry anything unless a person joins just now.
  const live = all.filter((each) => each.byHand !== true)
  return reachFirst(live, invite.sessionId, check, signal)
}

/** How a member comes to its host once more: over rendezvous that are opened for it, and closed after. */
export function reopening(
  open: () => OpenedRendezvous,
  invite: Invite,
  checks: { clock: Clock; verify?: Verify | undefined },
): Reopen {
  return async (signal, leastEpoch) => {
    const rendezvous = open()
    try {
      const reached = await reachHost(rendezvous, invite, checks, signal, leastEpoch)
      return { reached, close: () => rendezvous.close() }
    } catch (error) {
      await rendezvous.close()
      throw error
    }
  }
}
