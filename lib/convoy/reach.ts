import { ConvoyError, isConvoyError, throwIfAborted } from '../core/index.ts'
import type { ReachedSession, Rendezvous } from '../rendezvous/index.ts'

/**
 * Asks every rendezvous for a session at once and takes the first whose answer passes `check`, so that one that
 * lies does not keep the others from being heard; the rest are let go.
 * @returns what `check` made of that answer.
 * @throws ConvoyError `session-not-found` when one answered that it holds no such session, else
 * `rendezvous-unreachable`; what `check` threw when no answer passed; `aborted`.
 */
export async function reachFirst<Checked>(
  rendezvous: readonly Rendezvous[],
  sessionId: Uint8Array,
  check: (reached: ReachedSession) => Promise<Checked>,
  signal: AbortSignal | undefined,
): Promise<Checked> {
  throwIfAborted(signal)
  if (rendezvous.length === 0) {
    throw new ConvoyError(
      'rendezvous-unreachable',
      'The invite names no rendezvous that this program can use. Pass one as an option.',
    )
  }
  const enough = new AbortController()
  const stop = (): void => enough.abort(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  let winner: { readonly checked: Checked } | undefined
  const attempts = rendezvous.map(async (each) => {
    const reached = await each.reach(sessionId, enough.signal)
    let checked: Checked
    try {
      checked = await check(reached)
    } catch (error) {
      reached.route.close()
      throw error
    }
    if (winner === undefined) winner = { checked }
    else reached.route.close()
  })
  try {
    await Promise.any(attempts)
    if (winner === undefined) throw new ConvoyError('rendezvous-unreachable', 'No rendezvous answered.')
    return winner.checked
  } catch (error) {
    throwIfAborted(signal)
    throw explain(error)
  } finally {
    signal?.removeEventListener('abort', stop)
    enough.abort()
  }
}

/** The failure that helps most: a service that answered knows more than one that did not. */
function explain(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error
  const causes = error.errors as unknown[]
  const answered = causes.find((cause) => !isConvoyError(cause, 'rendezvous-unreachable'))
  if (answered !== undefined) return answered
  if (causes.length === 1) return causes[0]
  return new ConvoyError(
    'rendezvous-unreachable',
    `None of the ${causes.length} addresses in the invite answers. Check your connection, or ask for a new invite.`,
    { cause: error },
  )
}
