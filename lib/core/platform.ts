import type { Clock } from './clock.ts'

/** Real time, on Node's own timers. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wallTime: () => Date.now(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs)
      return () => clearTimeout(timer)
    },
    every(periodMs, callback) {
      const timer = setInterval(callback, periodMs)
      return () => clearInterval(timer)
    },
  }
}
