import { ConvoyError } from '../core/index.ts'
import { openAnnouncement, type Invite, type OpenedAnnouncement, type Opening } from '../identity/index.ts'
import type { ReachedSession } from '../rendezvous/index.ts'

/**
 * Checks who answers at a rendezvous: the host of the session that the invite is for, the founder or who proves to have
 * followed ([IDN-15]), and no former one as far as this side knows ([SUC-9]).
 * @param leastEpoch - the epoch that this side knows of.
 * @throws ConvoyError those of `openAnnouncement`; `message-replayed` when a former host answers.
 */
export async function openReached(
  { clock, verify }: Opening,
  { sessionId, hostFingerprint }: Invite,
  { envelope, proof }: ReachedSession,
  leastEpoch = 0,
): Promise<OpenedAnnouncement> {
  const announced = await openAnnouncement(envelope, { clock, verify, proof, sessionId, hostFingerprint })
  // At a meeting point everybody is welcome: who is there may have missed what happened last.
  if (announced.epoch < leastEpoch && !announced.isMeeting)
    throw new ConvoyError('message-replayed', 'A former host answers for this session; try again later.')
  return announced
}
