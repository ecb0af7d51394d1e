import type { Cancel, Clock } from './clock.ts'
import type { NativeCrypto } from './nativeCrypto.ts'
import { TimerQueue } from './timerQueue.ts'
import { createWorkerAlarm, workerSource, type AlarmWorker } from './workerAlarm.ts'

/** Real time in a page, on timers that keep ticking while its tab is hidden. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wallTime: () => Date.now(),
    after: (delayMs, callback) => pageTimers().after(delayMs, callback),
    every: (periodMs, callback) => pageTimers().every(periodMs, callback),
  }
}

let timers: TimerQueue | undefined

/** The timers of all clocks of the page, which share one worker. Made at first use: importing does nothing. */
function pageTimers(): TimerQueue {
  timers ??= createPageTimers()
  return timers
}

function createPageTimers(): TimerQueue {
  const environment = {
    createWorker,
    setTimeout: (callback: () => void, delayMs: number) => setTimeout(callback, delayMs),
    clearTimeout: (timeout: unknown) => clearTimeout(timeout as number | undefined),
  }
  const queue: TimerQueue = new TimerQueue(
    () => performance.now(),
    createWorkerAlarm(environment, () => queue.ring()),
  )
  return queue
}

// From a Blob, so that bundlers and pages need not know of a file for it.
function createWorker(): AlarmWorker {
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
  const revoke = (): void => URL.revokeObjectURL(url)
  try {
    const worker = new Worker(url, { name: 'openconvoy-timers' })
    // Not before the worker has read it, or it never starts in some browsers.
    worker.addEventListener('message', revoke, { once: true })
    worker.addEventListener('error', revoke, { once: true })
    return worker
  } catch (error) {
    revoke()
    throw error
  }
}

/** Calls `onChange` whenever the browser says that it is online again, or on another network, until cancelled. */
export function watchNetwork(onChange: () => void): Cancel {
  // Not in lib.dom, nor in every browser.
  const { connection } = globalThis.navigator as { connection?: EventTarget }
  globalThis.addEventListener('online', onChange)
  connection?.addEventListener('change', onChange)
  return () => {
    globalThis.removeEventListener('online', onChange)
    connection?.removeEventListener('change', onChange)
  }
}

/** How fit this page is to be host, 0 the best: hidden ones are slowed down, and closed without being asked. */
export function hostFitness(): number {
  return typeof document !== 'undefined' && document.visibilityState === 'visible' ? 1 : 2
}

/** Cryptography that answers at once; undefined in pages, whose own answers on a thread. */
export const nativeCrypto: NativeCrypto | undefined = undefined
