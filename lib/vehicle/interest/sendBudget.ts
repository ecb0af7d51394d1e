import type { InterestTier } from './interest.ts'

/** What a feed may still send to its recipient. */
export interface SendBudget {
  /**
   * How much of the reserve is left at `now`, up to 1; 0 or less when it is spent.
   * @param tier - of the member's own vehicle to the recipient; undefined while there is none.
   */
  left(now: number, tier: InterestTier | undefined): number
  /** A datagram with so many bytes of payload went out. */
  spend(payloadBytes: number): void
}

/**
 * By how much bounds and gaps are stretched when so much of a reserve is left: not at all above `yieldsBelow`, and the more
 * the less is left. So the rate settles where it meets the budget, and what yields first is told of least.
 */
export function underStrain(left: number, yieldsBelow: number): number {
  return left >= yieldsBelow ? 1 : yieldsBelow / left
}
