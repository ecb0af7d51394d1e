import type { VehicleState } from '../../protocol/index.ts'

/**
 * Why a vehicle matters to a recipient as much as it does, the most first: it is followed; close by; ahead on the road;
 * met within seconds; in the wider area; far off. `unseen` ones are not told of at all.
 */
export type InterestTier = 'followed' | 'near' | 'ahead' | 'closing' | 'middle' | 'far' | 'unseen'

/** How closely one recipient follows one vehicle. */
export interface Interest {
  readonly tier: InterestTier
  /** Metres by which the recipient's picture may be wrong before it is told at once. */
  readonly boundMetres: number
  /** Milliseconds between two updates while its picture is right. */
  readonly steadyMs: number
  /** Least milliseconds between two updates. */
  readonly fastestMs: number
  /** Share of a budget's reserve, 0…1, below which the vehicle gives way to others: see {@link underStrain}. */
  readonly yieldsBelow: number
}

/** Decides what matters to whom; asked a few times a second for each recipient and vehicle. */
export interface InterestPolicy<Recipient> {
  /**
   * @param index - of the vehicle: 0 is the one that this member drives.
   * @param state - where the vehicle is now; valid during the call only.
   * @param former - what this returned for the two before.
   */
  of(recipient: Recipient, index: number, state: Readonly<VehicleState>, former: Interest): Interest
}

/** What matters: another truck close by. */
export const closeInterest: Interest = {
  tier: 'near',
  // An updates' own error is within a centimetre; below twice that it would be told of its own rounding.
  boundMetres: 0.02,
  // Four a second: a lost one leaves half a second, which steady driving bridges within centimetres.
  steadyMs: 250,
  // No faster than the tick.
  fastestMs: 0,
  // Half of the reserve is for what comes all at once: braking, a lane change.
  yieldsBelow: 0.5,
}

/** What matters less: traffic, which nobody follows closely enough to see a hand's breadth. */
export const trafficInterest: Interest = {
  tier: 'near',
  boundMetres: 0.1,
  // 2.5 a second, so that a lost one still leaves less than prediction runs out in.
  steadyMs: 400,
  // Twenty a second of fifty vehicles would not fit a datagram.
  fastestMs: 100,
  // Before any truck close by.
  yieldsBelow: 0.75,
}

/** What is out of sight: the recipient lets it fade, and isn't told. */
export const noInterest: Interest = {
  tier: 'unseen',
  boundMetres: Infinity,
  steadyMs: Infinity,
  fastestMs: Infinity,
  yieldsBelow: 1,
}
