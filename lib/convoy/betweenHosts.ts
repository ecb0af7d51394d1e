import { isConvoyError, sleep, type Clock, type RandomSource } from '../core/index.ts'
import type { ReachedHost } from './reopen.ts'

/**
 * How long a joiner goes on asking after it first failed, ms: an election and an announcement take half of that, and a service
 * waits as long for a host that is away.
 */
const patienceMs = 5_000

/** Waits between, ms; the last one repeats. A hand-over is over by the first or second; services bear five requests a second. */
const pausesMs = [250, 500, 1_000] as const

/** Share of a wait that is random, both ways: friends that were turned away together must not come back in step. */
const jitter = 0.25

/** The two steps of joining. */
export interface Attempt<Joined> {
  /** Finds the host. @param leastEpoch - none of an epoch below it is any good. */
  reach(leastEpoch: number): Promise<ReachedHost>
  join(host: ReachedHost): Promise<Joined>
}

/**
 * Joins, also in the moment in which a session has no host that could be found: the former one left, and the next one is not
 * announced yet ([ADM-17]). A host that hung up, or fell silent, is not asked again: one of a later epoch is.
 * @throws ConvoyError what the last attempt threw: `session-not-found` where there is no such session; `closed` where a host hung
 * up that has no successor, `timeout` where it fell silent; `aborted`.
 */
export async function betweenHosts<Joined>(
  attempt: Attempt<Joined>,
  { clock, random }: { clock: Clock; random: RandomSource },
  signal?: AbortSignal,
): Promise<Joined> {
  let leastEpoch = 0
  let until = Infinity
  let gone: unknown
  for (let failures = 0; ; failures++) {
    let host: ReachedHost | undefined
    let failure: unknown
    try {
      host = await attempt.reach(leastEpoch)
      return await attempt.join(host)
    } catch (error) {
      failure = error
    }
    if (host !== undefined && (isConvoyError(failure, 'closed') || isConvoyError(failure, 'timeout'))) {
      leastEpoch = host.announced.epoch + 1
      gone = failure
    } else if (gone !== undefined && isConvoyError(failure, 'message-replayed')) {
      // Who is gone is announced still.
      failure = gone
    } else if (host !== undefined || !isConvoyError(failure, 'session-not-found')) throw failure
    if (failures === 0) until = clock.now() + patienceMs
    const wait = pausesMs[Math.min(failures, pausesMs.length - 1)] ?? 0
    const pauseMs = wait * (1 + jitter * (2 * random.next() - 1))
    if (clock.now() + pauseMs > until) throw failure
    await sleep(clock, pauseMs, signal)
  }
}
