import { networkInterfaces } from 'node:os'
import type { Cancel, Clock } from './clock.ts'
import type { NativeCrypto } from './nativeCrypto.ts'
import { nodeCrypto } from './nodeCrypto.ts'

/** How often Node's interfaces are looked at, ms: soon enough for a hand-over, at about 0.1 ms of work a look. */
const networkPollMs = 2_000

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

/** Calls `onChange` whenever this machine has other network addresses than before, until cancelled. */
export function watchNetwork(onChange: () => void): Cancel {
  let known = networkAddresses()
  const timer = setInterval(() => {
    const now = networkAddresses()
    if (now === known) return
    known = now
    // Without any there is nothing to try; the next change tells of better.
    if (now !== '') onChange()
  }, networkPollMs)
  // What the program lives for is the convoy, not this.
  timer.unref()
  return () => clearInterval(timer)
}

function networkAddresses(): string {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
    .sort()
    .join(' ')
}

/** How fit this program is to be host, 0 the best: in Node nobody hides it or closes its tab. */
export function hostFitness(): number {
  return 0
}

/** Cryptography that answers at once; undefined where the platform has none. */
export const nativeCrypto: NativeCrypto | undefined = nodeCrypto
