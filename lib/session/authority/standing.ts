import type { Session } from '../session.ts'

/** What a step of fitness counts for, ms of round trip: no path is that much better. */
const perStepMs = 1_000

/**
 * Differences in round trip below this, ms, are none: each measures its own at another moment, and two that both take
 * themselves for the fitter one split the votes.
 */
const resolutionMs = 25

/** How fit this peer is to be host, the smaller the better ([AUT-5]): its program first, then its way to the others, in ms. */
export function standingOf(session: Session): number {
  const pings = [...session.peers()].flatMap(({ pingMs }) => (pingMs === undefined ? [] : [pingMs]))
  const mean = pings.reduce((sum, ms) => sum + ms, 0) / Math.max(1, pings.length)
  return (
    perStepMs * (session.environment.hostFitness?.() ?? 0) +
    Math.min(perStepMs - 1, Math.floor(mean / resolutionMs) * resolutionMs)
  )
}
