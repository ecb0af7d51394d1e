import type { Cancel, Clock } from './clock.ts'

/** Node's timeouts count in 32 bits: a longer one would fire at once. */
const longestTimeoutMs = 2 ** 31 - 1

/** Real time, on Node's own timers. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wallTime: () => Date.now(),
    after,
    every(periodMs, callback) {
      const timer = setInterval(callback, periodMs)
      return () => clearInterval(timer)
    },
  }
}

function after(delayMs: number, callback: () => void): Cancel {
  let timer: NodeJS.Timeout
  const wait = (remainingMs: number): void => {
    timer =
      remainingMs > longestTimeoutMs
        ? setTimeout(() => wait(remainingMs - longestTimeoutMs), longestTimeoutMs)
        : setTimeout(callback, remainingMs)
  }
  wait(delayMs)
  return () => clearTimeout(timer)
}
