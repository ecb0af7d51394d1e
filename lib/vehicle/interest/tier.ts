import {
  aheadCosine,
  aheadMetres,
  farMetres,
  meetingSeconds,
  nearMetres,
  unseenTrafficMetres,
} from './constants.ts'
import type { Encounter } from './encounter.ts'
import type { InterestTier } from './interest.ts'

/**
 * The tier of a truck that lies so to a viewer. Leaving a tier takes more than entering it does, or a truck that drives along
 * a boundary would change at each judgement.
 * @param former - the tier it had before.
 */
export function tierOf(encounter: Readonly<Encounter>, former: InterestTier): InterestTier {
  const { distance } = encounter
  if (distance <= (former === 'near' ? nearMetres.leave : nearMetres.enter)) return 'near'
  if (isAhead(encounter, former === 'ahead' ? 'leave' : 'enter')) return 'ahead'
  const soon = former === 'closing' ? meetingSeconds.leave : meetingSeconds.enter
  if (encounter.meetingSeconds <= soon) return 'closing'
  return distance > (former === 'far' ? farMetres.leave : farMetres.enter) ? 'far' : 'middle'
}

/** The same of a vehicle of traffic: `near`, `middle` or `unseen`. */
export function trafficTierOf({ distance }: Readonly<Encounter>, former: InterestTier): InterestTier {
  if (distance <= (former === 'near' ? nearMetres.leave : nearMetres.enter)) return 'near'
  const edge = former === 'unseen' ? unseenTrafficMetres.leave : unseenTrafficMetres.enter
  return distance > edge ? 'unseen' : 'middle'
}

const order: readonly InterestTier[] = ['followed', 'near', 'ahead', 'closing', 'middle', 'far', 'unseen']

/** Whether `a` matters more than `b`. */
export function mattersMore(a: InterestTier, b: InterestTier): boolean {
  return order.indexOf(a) < order.indexOf(b)
}

function isAhead(encounter: Readonly<Encounter>, edge: 'enter' | 'leave'): boolean {
  return encounter.distance <= aheadMetres[edge] && encounter.aheadCosine >= aheadCosine[edge]
}
