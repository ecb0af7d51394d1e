/** How closely one recipient follows one vehicle. */
export interface Interest {
  /** Metres by which the recipient's picture may be wrong before it is told at once. */
  readonly boundMetres: number
  /** Milliseconds between two updates while its picture is right. */
  readonly steadyMs: number
  /** Least milliseconds between two updates. */
  readonly fastestMs: number
}

/** Decides what matters to whom; asked a few times a second for each recipient and vehicle. */
export interface InterestPolicy<Recipient> {
  /** @param index - of the vehicle: 0 is the one that this member drives. */
  of(recipient: Recipient, index: number): Interest
}

/** What matters: another truck close by. */
export const closeInterest: Interest = {
  // An updates' own error is within a centimetre; below twice that it would be told of its own rounding.
  boundMetres: 0.02,
  // Four a second: a lost one leaves half a second, which steady driving bridges within centimetres.
  steadyMs: 250,
  // No faster than the tick.
  fastestMs: 0,
}

/** What matters less: traffic, which nobody follows closely enough to see a hand's breadth. */
export const trafficInterest: Interest = {
  boundMetres: 0.1,
  // 2.5 a second, so that a lost one still leaves less than prediction runs out in.
  steadyMs: 400,
  // Twenty a second of fifty vehicles would not fit a datagram.
  fastestMs: 100,
}
