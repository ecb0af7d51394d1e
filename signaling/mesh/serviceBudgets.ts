import { sleep, TokenBucket, type Budget, type Clock } from '../../lib/core/index.ts'
import type { MeshLimits } from './constants.ts'

/** What one other service may take of this one, over all of its streams. */
export interface ServiceBudgets {
  readonly announcements: TokenBucket
  readonly opens: TokenBucket
  readonly frames: TokenBucket
  readonly bytes: TokenBucket
  /** What it may do wrong. */
  readonly patience: TokenBucket
}

export function serviceBudgets(clock: Clock, limits: MeshLimits): ServiceBudgets {
  return {
    announcements: new TokenBucket(clock, limits.announcementsPerSecond, limits.announcementsBurst),
    opens: new TokenBucket(clock, limits.opensPerSecond, limits.opensBurst),
    frames: new TokenBucket(clock, limits.framesPerSecond, limits.framesBurst),
    bytes: new TokenBucket(clock, limits.bytesPerSecond, limits.bytesBurst),
    patience: new TokenBucket(clock, limits.strikesPerSecond, limits.strikes),
  }
}

/**
 * Waits until there is `amount`, and takes it: who sends too much is read more slowly, and nothing is lost.
 * @throws ConvoyError `aborted`.
 */
export async function takeWhenThere(
  budget: Budget,
  amount: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  // At least a millisecond: rounding must not make it wait for nothing for ever.
  while (!budget.tryTake(amount)) await sleep(clock, Math.max(1, budget.waitMs(amount)), signal)
}
