import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late the event loop was, ms. */
export interface LoopLag {
  p99Ms: number
  maxMs: number
}

/** Measures from now on how late timers of 1 ms are. */
export function watchEventLoop(): { stop(): LoopLag } {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  return {
    stop() {
      histogram.disable()
      return { p99Ms: histogram.percentile(99) / 1e6, maxMs: histogram.max / 1e6 }
    },
  }
}
