/** Steps per millisecond of the time in an update. */
export const timeStepsPerMs = 4
/** Bits of the time in an update. */
export const timeBits = 24
/** Milliseconds after which the time in an update repeats: 70 minutes. */
export const timeSpanMs = 2 ** timeBits / timeStepsPerMs
/** How much later than its sending a sample may claim to be before it is taken for an old one, ms. */
const maxAheadMs = 120_000

/**
 * The full time of a sample: the one time on the sender's clock that fits the 24 bits and lies at most 68
 * minutes before, or two after, the datagram's own sending time.
 * @param time - the field as read, ¼ ms modulo 2^24.
 * @param sentAt - the sender's clock when the datagram left, ms.
 */
export function unwrapSampleTime(time: number, sentAt: number): number {
  const behind = sentAt - time / timeStepsPerMs
  const spans = Math.floor((behind + maxAheadMs) / timeSpanMs)
  return time / timeStepsPerMs + spans * timeSpanMs
}

/** The field for a sample taken at `sampledAt` ms on the sender's clock. */
export function wrapSampleTime(sampledAt: number): number {
  // Rounded down, as the link's sending times are: a sample taken just then must not seem later than its datagram.
  const steps = Math.floor(sampledAt * timeStepsPerMs)
  return (steps - Math.floor(steps / 2 ** 24) * 2 ** 24) | 0
}
