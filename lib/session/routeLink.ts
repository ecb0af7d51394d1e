import { ConvoyError } from '../core/index.ts'
import type { Link, LinkTimings } from '../rtc/index.ts'
import { hostLinkTimings, routeClosedGraceMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import { LinkSignals } from './linkSignals.ts'
import type { SealedRoute } from './sealedRoute.ts'

/** What {@link linkOverRoute} goes by. */
export interface RouteLinkOptions {
  /** The joiner is. */
  readonly initiator: boolean
  /** Where they differ from those of any link to a host. */
  readonly timings?: Partial<LinkTimings> | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Makes the link between a host and a joiner, whose signals cross `route`. Gives up soon after the other side closed it: that
 * one gave up, died or is no longer host, and no further attempt could be made.
 * @throws ConvoyError `link-failed`, `closed` or `aborted`.
 */
export async function linkOverRoute(
  route: SealedRoute,
  environment: SessionEnvironment,
  { initiator, timings, signal }: RouteLinkOptions,
): Promise<{ link: Link; signals: LinkSignals }> {
  const { clock } = environment
  const gaveUp = new AbortController()
  const complaint = initiator
    ? 'The host hung up before a link came about: it left, or another one decides now. Join again.'
    : 'The joiner gave up before a link came about.'
  let cancelGrace = (): void => undefined
  route.onClosed(() => {
    cancelGrace = clock.after(routeClosedGraceMs, () => gaveUp.abort(new ConvoyError('closed', complaint)))
  })
  try {
    const signals = new LinkSignals(route.signalPort())
    const link = await environment.connect({
      initiator,
      signals,
      timings: { ...hostLinkTimings, ...timings },
      redials: true,
      signal: signal === undefined ? gaveUp.signal : AbortSignal.any([signal, gaveUp.signal]),
    })
    return { link, signals }
  } finally {
    cancelGrace()
    route.onClosed(() => undefined)
  }
}
