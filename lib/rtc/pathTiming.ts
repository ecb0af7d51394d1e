import { minimumWindowMs, queueWindowMs, staleAfterMs, staleResetMs } from './constants.ts'
import { holdSaturated, tickModulus, ticksAfter, ticksPerMs, toTicks } from './stateHeader.ts'
import { WindowedMinimum } from './windowedMinimum.ts'

/** Echoes that tell of a longer round trip than this are nonsense: a link is dead long before. */
const longestRoundTripMs = 30_000

/**
 * What the four times of NTP (RFC 5905 section 8) tell about a path: here sent, there received, there sent,
 * here received. Round trip, its deviation, lateness, and the offset between both clocks.
 *
 * The offset takes the least delay of each direction by itself rather than the round trip with the least sum:
 * both directions seldom are at their best in the same exchange, so it gets closer, sooner.
 */
export class PathTiming {
  /** Smoothed round trip and its mean deviation (RFC 6298), ms. */
  rttMs: number | undefined
  jitterMs = 0
  /** How much longer than the fastest of some minutes datagrams take on the way out, smoothed, ms: they queue. */
  queueOutMs = 0
  readonly #roundTrips = new WindowedMinimum(minimumWindowMs)
  // Delays with the clock offset in them: what is least is the offset plus, or minus, the fastest transit.
  readonly #inward = new WindowedMinimum(minimumWindowMs)
  readonly #outward = new WindowedMinimum(minimumWindowMs)
  readonly #unqueued = new WindowedMinimum(queueWindowMs)
  #newestTicks: number | undefined
  #staleSince: number | undefined

  get minRttMs(): number | undefined {
    const value = this.#roundTrips.value
    return value === Infinity ? undefined : value
  }

  /** Milliseconds to add to a time of the other side's clock. Grows better in steps: slew what is shown. */
  get clockOffset(): number | undefined {
    const offset = (this.#inward.value - this.#outward.value) / 2
    return Number.isFinite(offset) ? offset : undefined
  }

  /** The send time `ticks` on the other side's clock, ms, unwrapped against the newest one seen. */
  sentAt(ticks: number): number {
    const newest = this.#newestTicks ?? ticks
    return (newest + ticksAfter(ticks, newest % tickModulus)) / ticksPerMs
  }

  /** Takes in the send time of the newest datagram. @returns whether it is too late to be of use. */
  receive(sentAt: number, now: number): boolean {
    this.#newestTicks = Math.max(this.#newestTicks ?? 0, Math.round(sentAt * ticksPerMs))
    const delay = now - sentAt
    if (delay - this.#inward.value > staleAfterMs) {
      this.#staleSince ??= now
      if (now - this.#staleSince < staleResetMs) return true
      this.#forget()
    }
    this.#staleSince = undefined
    this.#inward.add(delay, now)
    return false
  }

  /** Takes in an echo: own send time, how long it was held, and when (other clock) the answer was sent. */
  receiveEcho(echoTicks: number, holdTicks: number, sentAt: number, now: number): void {
    if (holdTicks === holdSaturated) return
    const elapsedMs = ((toTicks(now) - echoTicks) & (tickModulus - 1)) / ticksPerMs
    const holdMs = holdTicks / ticksPerMs
    const roundTrip = Math.max(0, elapsedMs - holdMs)
    if (roundTrip > longestRoundTripMs) return
    this.#roundTrips.add(roundTrip, now)
    if (this.rttMs === undefined) {
      this.rttMs = roundTrip
      this.jitterMs = roundTrip / 2
    } else {
      this.jitterMs += (Math.abs(roundTrip - this.rttMs) - this.jitterMs) / 4
      this.rttMs += (roundTrip - this.rttMs) / 8
    }
    const outward = sentAt - holdMs - (now - elapsedMs)
    this.#outward.add(outward, now)
    this.#unqueued.add(outward, now)
    this.queueOutMs += (outward - this.#unqueued.value - this.queueOutMs) / 4
  }

  #forget(): void {
    this.#inward.reset()
    this.#outward.reset()
    this.#unqueued.reset()
    this.#roundTrips.reset()
  }
}
