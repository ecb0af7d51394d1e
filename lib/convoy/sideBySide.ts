import { ConvoyError, isConvoyError, throwIfAborted, type ErrorCode } from '../core/index.ts'

/** Called by a way that has a link to the host: throws where another way has come as far already. */
export type MayEnter = () => void

/** One way of joining. It asks `mayEnter` before it shows anything on its link, and ends when `signal` is aborted. */
export type Way<Joined> = (mayEnter: MayEnter, signal: AbortSignal | undefined) => Promise<Joined>

/** Why one way may fail while another does not: anything else is the host's word, which is the same on every way. */
const waysFault: ReadonlySet<ErrorCode> = new Set([
  'rendezvous-unreachable',
  'session-not-found',
  'link-failed',
  'timeout',
  'closed',
  'rate-limited',
  'unsupported',
  'host-mismatch',
  'message-unauthentic',
  'message-malformed',
  'message-expired',
  'message-replayed',
])

/**
 * Tries every way at once; the first with a link to the host goes on alone. A way that dies is no event while there are others, but
 * a refusal by the host ends them all.
 * @throws the host's refusal; where no way is left what the first one threw; `aborted`.
 */
export async function firstToLetIn<Joined>(
  ways: readonly Way<Joined>[],
  signal: AbortSignal | undefined,
): Promise<Joined> {
  const [only, ...others] = ways
  if (only !== undefined && others.length === 0) return only(() => undefined, signal)
  throwIfAborted(signal)
  const attempts = ways.map(() => new AbortController())
  const stop = (): void => {
    for (const attempt of attempts) attempt.abort(signal?.reason)
  }
  signal?.addEventListener('abort', stop, { once: true })
  const endOthers = (winner: AbortController): void => {
    const reason = new ConvoyError('aborted', 'Another way to the host was faster.')
    for (const attempt of attempts) if (attempt !== winner) attempt.abort(reason)
  }
  let ahead: AbortController | undefined
  const failures: unknown[] = []
  try {
    return await new Promise<Joined>((resolve, reject) => {
      let left = ways.length
      ways.forEach((way, index) => {
        const own = attempts[index] ?? new AbortController()
        const mayEnter = (): void => {
          throwIfAborted(own.signal)
          ahead ??= own
          endOthers(own)
        }
        way(mayEnter, own.signal).then(resolve, (error: unknown) => {
          failures[index] = error
          const isFinal = !isConvoyError(error) || !waysFault.has(error.code)
          if (--left === 0) reject(failures[0])
          else if (own === ahead || (isFinal && !own.signal.aborted)) reject(error)
        })
      })
    })
  } catch (error) {
    throwIfAborted(signal)
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    endOthers(ahead ?? new AbortController())
  }
}
