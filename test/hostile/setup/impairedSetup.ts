import { createSystemClock, systemRandom } from '../../../lib/core/index.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../../lib/testing/udpRelay.ts'
import { signalWay } from '../../compliance/signalWay.ts'
import type { NodeEngine } from '../hostileCase.ts'

/** The network that links have to be set up over, each direction. */
export const badNetwork = {
  delayMs: 200,
  jitterMs: 10,
  reorder: true,
  lossPercent: 20,
  duplicatePercent: 5,
} as const

/** Longest time a link may take on it, ms. */
export const setupLimitMs = 20_000

/** What became of setting up one link. */
export interface SetupOutcome {
  ok: boolean
  tookMs: number
}

/** What became of setting up many. */
export interface SetupResult {
  ok: number
  of: number
  /** Sorted, of those that came about. */
  tookMs: number[]
}

const clock = createSystemClock()

/**
 * Sets up `count` links over {@link badNetwork}, `atOnce` at a time, by the retries that every link has.
 * @param progress - told after each how many are done.
 */
export async function setUpLinks(
  engine: NodeEngine,
  { count, atOnce, progress }: { count: number; atOnce: number; progress?: (done: number) => void },
): Promise<SetupResult> {
  const outcomes: SetupOutcome[] = []
  let started = 0
  const worker = async (): Promise<void> => {
    while (started < count) {
      started++
      outcomes.push(await setUpLink(engine))
      progress?.(outcomes.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
  const good = outcomes.filter(({ ok }) => ok)
  return { ok: good.length, of: count, tookMs: good.map(({ tookMs }) => tookMs).sort((a, b) => a - b) }
}

async function setUpLink(engine: NodeEngine): Promise<SetupOutcome> {
  const impairment = createImpairment({ clock, random: systemRandom, ...badNetwork })
  const connector = impairedConnector(createConnector(await loadEngine(engine)), impairment)
  const way = signalWay()
  // Signals go over TCP, which loses nothing but is as far.
  way.intercept = (signal, deliver) => void clock.after(badNetwork.delayMs, () => deliver(signal))
  const startedAt = clock.now()
  const signal = AbortSignal.timeout(setupLimitMs)
  const side = (initiator: boolean): Promise<Link> =>
    establishLink({
      connector,
      initiator,
      signals: initiator ? way.initiator : way.responder,
      clock,
      random: systemRandom,
      signal,
    })
  const links = await Promise.allSettled([side(true), side(false)])
  const tookMs = clock.now() - startedAt
  for (const link of links) if (link.status === 'fulfilled') link.value.close()
  return { ok: links.every(({ status }) => status === 'fulfilled'), tookMs }
}
