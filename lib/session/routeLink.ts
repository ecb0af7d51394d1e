import { ConvoyError } from '../core/index.ts'
import type { Link, LinkTimings } from '../rtc/index.ts'
import { carriedLinkMs, hostLinkTimings, routeClosedGraceMs } from './constants.ts'
import type { SessionEnvironment } from './environment.ts'
import { LinkSignals } from './linkSignals.ts'
import type { SealedRoute } from './sealedRoute.ts'

/** What {@link linkOverRoute} goes by. */
export interface RouteLinkOptions {
  /** The joiner is. */
  readonly initiator: boolean
  /** Where they differ from those of any link to a host. */
  readonly timings?: Partial<LinkTimings> | undefined
  /** The host's word, where it has not said it yet. */
  readonly verdict?: Promise<void> | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Makes the link between a host and a joiner, whose signals cross `route`. Gives up soon after the other side closed it: that
 * one gave up, died or is no longer host, and no further attempt could be made.
 * @throws ConvoyError `link-failed`, `closed` or `aborted`; what `verdict` is rejected with.
 */
export async function linkOverRoute(
  route: SealedRoute,
  environment: SessionEnvironment,
  { initiator, timings, verdict, signal }: RouteLinkOptions,
): Promise<{ link: Link; signals: LinkSignals }> {
  const { clock } = environment
  const { byHand } = route
  const gaveUp = new AbortController()
  const settled = { yet: false }
  const complaint = initiator
    ? 'The host hung up before a link came about: it left, or another one decides now. Join again.'
    : 'The joiner gave up before a link came about.'
  let cancelGrace = (): void => undefined
  route.onClosed(() => {
    cancelGrace = clock.after(routeClosedGraceMs, () => gaveUp.abort(new ConvoyError('closed', complaint)))
  })
  let cancelLink = (): void => undefined
  verdict?.then(
    () => {
      if (!settled.yet) cancelLink = clock.after(carriedLinkMs, () => gaveUp.abort(noLink()))
    },
    (error: unknown) => gaveUp.abort(error),
  )
  try {
    const signals = new LinkSignals(route.signalPort())
    const link = await environment.connect({
      initiator,
      signals,
      timings: {
        ...hostLinkTimings,
        ...timings,
        // People carry one offer and one answer, each with all there is to say.
        ...(byHand === undefined ? {} : { attempts: 1, attemptMs: byHand.patienceMs }),
      },
      wholeSignals: byHand !== undefined,
      redials: true,
      signal: signal === undefined ? gaveUp.signal : AbortSignal.any([signal, gaveUp.signal]),
    })
    return { link, signals }
  } finally {
    settled.yet = true
    cancelLink()
    cancelGrace()
    route.onClosed(() => undefined)
  }
}

function noLink(): ConvoyError {
  return new ConvoyError(
    'link-failed',
    'The answer was taken, but no connection came about: it came too late, or a network lets no UDP through. Exchange new codes at once, or add a TURN server.',
  )
}
