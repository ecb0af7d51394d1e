import { ConvoyError, sleep, type Clock } from '../core/index.ts'
import type { Invite, OpenedAnnouncement, Verify } from '../identity/index.ts'
import type { ReachedSession, Rendezvous } from '../rendezvous/index.ts'
import { openReached, type Reopen } from '../session/index.ts'
import type { OpenedRendezvous } from './environment.ts'
import { reachFirst } from './reach.ts'

/** How long a meeting point waits for another rendezvous to answer with a host, ms: a round trip or two more. */
const preferHostMs = 500

/** A way to a session, and what was checked of who announces it. */
export interface ReachedHost extends ReachedSession {
  readonly announced: OpenedAnnouncement
}

/** What an answer is held against. */
export interface ReachChecks {
  readonly clock: Clock
  readonly verify?: Verify | undefined
}

/**
 * The way to a session, over whichever rendezvous answers first with an announcement of its host that fits the invite.
 * @param leastEpoch - no host of an epoch below it counts.
 * @throws ConvoyError `session-not-found` where nobody announces it, or only a meeting point ([SUC-12]); what `openReached` and
 * `reachFirst` throw.
 */
export function reachHost(
  { all }: OpenedRendezvous,
  invite: Invite,
  checks: ReachChecks,
  signal?: AbortSignal,
  leastEpoch?: number,
): Promise<ReachedHost> {
  const check = async (reached: ReachedSession): Promise<ReachedHost> => {
    const announced = await openReached(checks, invite, reached, leastEpoch)
    if (!announced.isMeeting) return { ...reached, announced }
    throw new ConvoyError(
      'session-not-found',
      'The host of this convoy is gone, and its members have yet to agree on another. Try again soon.',
    )
  }
  return reachFirst(unasked(all), invite.sessionId, check, signal)
}

/** How a member comes to its host once more: over rendezvous that are opened for it, and closed after. */
export function reopening(open: () => OpenedRendezvous, invite: Invite, checks: ReachChecks): Reopen {
  return async (signal, leastEpoch) => {
    const rendezvous = open()
    const live = unasked(rendezvous.all)
    const check = async (reached: ReachedSession): Promise<ReachedHost> => {
      const announced = await openReached(checks, invite, reached, leastEpoch)
      // A host that answers elsewhere goes before.
      if (announced.isMeeting && live.length > 1) await sleep(checks.clock, preferHostMs, signal)
      return { ...reached, announced }
    }
    try {
      const { announced, ...reached } = await reachFirst(live, invite.sessionId, check, signal)
      return { reached, announced, close: () => rendezvous.close() }
    } catch (error) {
      await rendezvous.close()
      throw error
    }
  }
}

/** Those that need nobody: people are asked to carry codes only where a person joins just now. */
function unasked(all: readonly Rendezvous[]): Rendezvous[] {
  return all.filter((each) => each.byHand !== true)
}
