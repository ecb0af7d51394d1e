import { ConvoyError } from './errors.ts'

/** Cancels what it was handed out for. Calling it again does nothing. */
export type Cancel = () => void

/**
 * The only source of time in the library. Everything that waits takes one, so that the same code runs on
 * real time and on the simulated clock of `openconvoy/testing`.
 */
export interface Clock {
  /** Monotonic milliseconds with sub-millisecond fraction; the origin is arbitrary. */
  now(): number
  /** Milliseconds since the Unix epoch. May jump: use it for expiry and display only, never to time motion. */
  wallTime(): number
  /** Calls `callback` once, `delayMs` (at least 0) from now. */
  after(delayMs: number, callback: () => void): Cancel
  /** Calls `callback` every `periodMs` (more than 0, at most 24 days) until cancelled; the first time one period from now. */
  every(periodMs: number, callback: () => void): Cancel
}

/**
 * Resolves `delayMs` from now.
 * @throws ConvoyError `aborted` when `signal` aborts first.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal))
    const onAbort = (): void => {
      cancel()
      reject(abortError(signal))
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Settles like `work`, unless `timeoutMs` pass or `signal` aborts first. `work` itself is not stopped: hand it
 * a signal of its own where it should be.
 * @throws ConvoyError `timeout` carrying `message`, or `aborted`.
 */
export function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  message: string,
  work: PromiseLike<T>,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) {
      // Nobody waits for the work any more: its failure must not count as unhandled.
      work.then(undefined, () => {})
      return reject(abortError(signal))
    }
    const finish = (settle: () => void): void => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = (): void => finish(() => reject(abortError(signal)))
    const cancel = clock.after(timeoutMs, () => finish(() => reject(new ConvoyError('timeout', message))))
    signal?.addEventListener('abort', onAbort, { once: true })
    work.then(
      (value) => finish(() => resolve(value)),
      (cause: unknown) => finish(() => reject(cause)),
    )
  })
}

/** The error of an aborted wait, with the signal's reason as its cause. */
export function abortError(signal: AbortSignal | undefined): ConvoyError {
  const reason: unknown = signal?.reason
  if (reason instanceof ConvoyError) return reason
  return new ConvoyError('aborted', 'The operation was aborted by its AbortSignal.', { cause: reason })
}

/** @throws ConvoyError `aborted` when `signal` has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}
