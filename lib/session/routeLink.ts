import { ConvoyError } from '../core/index.ts'
import type { Link, LinkTimings } from '../rtc/index.ts'
import { hostLinkTimings, routeClosedGraceMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import { LinkSignals } from './linkSignals.ts'
import type { SealedRoute } from './sealedRoute.ts'

/** What {@link linkOverRoute} goes by. */
export interface RouteLinkOptions {
  readonly initiator: boolean
  /** Where they differ from those of any link to a host. */
  readonly timings?: Partial<LinkTimings> | undefined
  /** What the other side did, in words, when it closed the route too early. */
  readonly complaint: string
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
  { initiator, timings, complaint, signal }: RouteLinkOptions,
): Promise<{ link: Link; signals: LinkSignals }> {
  const { clock } = environment
  const gaveUp = new AbortController()
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
