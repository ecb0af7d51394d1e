import type { Alarm } from './timerQueue.ts'

/** The part of `Worker` an alarm uses. */
export interface AlarmWorker {
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  postMessage(delayMs: number): void
  terminate(): void
}

/** What an alarm needs of the page. */
export interface AlarmEnvironment {
  /** @throws where the platform has no workers or refuses this one. */
  createWorker(): AlarmWorker
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timeout: unknown): void
}

/** Timeouts count in 32 bits: a longer one would ring at once, this one rings early, which does no harm. */
const longestTimeoutMs = 2 ** 31 - 1

/** How long a worker without work is kept: longer than pauses between two waits, short for a page that is done. */
export const idleWorkerMs = 5_000

/** A delay tells the worker when to ring next, a negative one to ring no more; any message back is a ring. */
export const workerSource = `let timeout
onmessage = ({ data }) => {
  clearTimeout(timeout)
  if (data >= 0) timeout = setTimeout(postMessage, data, 0)
}
postMessage(0)`

/**
 * An alarm that rings from a dedicated worker: browsers slow the timers of hidden pages down to one a second or a
 * minute, those of workers they leave alone. The worker starts with the first alarm and ends {@link idleWorkerMs}
 * after there is none left. Until its first message, and for good once it failed (a platform without workers, a
 * content security policy without `worker-src blob:`), the page's own timers ring: whatever becomes of the worker,
 * no alarm is lost.
 */
export function createWorkerAlarm(environment: AlarmEnvironment, ring: () => void): Alarm {
  let worker: AlarmWorker | undefined
  let state: 'none' | 'starting' | 'running' | 'failed' = 'none'
  let pageTimeout: unknown
  let idleTimeout: unknown

  const start = (): void => {
    state = 'starting'
    try {
      worker = environment.createWorker()
      worker.onmessage = onMessage
      worker.onerror = onError
    } catch {
      state = 'failed'
    }
  }

  const stop = (): void => {
    if (worker !== undefined) {
      worker.onmessage = worker.onerror = null
      worker.terminate()
      worker = undefined
    }
    if (state !== 'failed') state = 'none'
  }

  const onMessage = (): void => {
    state = 'running'
    environment.clearTimeout(pageTimeout)
    ring()
  }

  const onError = (): void => {
    state = 'failed'
    stop()
    ring()
  }

  return (delayMs) => {
    environment.clearTimeout(pageTimeout)
    environment.clearTimeout(idleTimeout)
    if (delayMs === undefined) {
      worker?.postMessage(-1)
      if (worker !== undefined) idleTimeout = environment.setTimeout(stop, idleWorkerMs)
      return
    }
    if (state === 'none') start()
    const delay = Math.min(delayMs, longestTimeoutMs)
    if (state === 'running') worker?.postMessage(delay)
    else pageTimeout = environment.setTimeout(ring, delay)
  }
}
