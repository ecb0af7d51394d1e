import { ConvoyError, type Cancel, type Clock } from '../core/index.ts'
import { checkPeriod } from './clockGuards.ts'

/** How a peer's clock differs from the simulation's. */
export interface Skew {
  /** What its `now()` is ahead of the simulation's, ms: peers share no origin. */
  offsetMs?: number
  /** How much faster it runs, in millionths; real crystals stay within ±100. */
  driftPpm?: number
  /** What its `wallTime()` is ahead of the simulation's, ms: people set clocks wrongly. */
  wallOffsetMs?: number
}

/**
 * The clock of one simulated peer, made by {@link SimulatedClock.skewed}. It knows its own timers, so that a
 * leak can be blamed on a peer, and can stop them as a suspended or dead process does.
 */
export class PeerClock implements Clock {
  readonly #base: Clock
  readonly #rate: number
  readonly #baseStart: number
  readonly #start: number
  readonly #wallStart: number
  /** How to cancel each timer that waits. */
  readonly #pending = new Set<Cancel>()
  /** Timers that fell due while frozen, in order. */
  #held: (() => void)[] = []
  #frozen = false
  #killed = false

  /** @throws ConvoyError `invalid-argument` for a drift at which time would stand still or run backwards. */
  constructor(base: Clock, { offsetMs = 0, driftPpm = 0, wallOffsetMs = 0 }: Skew) {
    this.#rate = 1 + driftPpm / 1e6
    if (!(this.#rate > 0))
      throw new ConvoyError('invalid-argument', 'driftPpm has to be more than −1,000,000.')
    this.#base = base
    this.#baseStart = base.now()
    this.#start = base.now() + offsetMs
    this.#wallStart = base.wallTime() + wallOffsetMs
  }

  now(): number {
    return this.#start + this.#elapsed()
  }

  wallTime(): number {
    return this.#wallStart + this.#elapsed()
  }

  /** Timers of this peer that are due some day, or were due while it was frozen. */
  get pendingTimers(): number {
    return this.#pending.size
  }

  after(delayMs: number, callback: () => void): Cancel {
    if (this.#killed) return () => {}
    const run = (): void => {
      if (!this.#pending.has(cancel)) return
      if (this.#frozen) {
        this.#held.push(run)
        return
      }
      this.#pending.delete(cancel)
      callback()
    }
    const cancelInBase = this.#base.after(delayMs / this.#rate, run)
    const cancel = (): void => {
      if (this.#pending.delete(cancel)) cancelInBase()
    }
    this.#pending.add(cancel)
    return cancel
  }

  every(periodMs: number, callback: () => void): Cancel {
    checkPeriod(periodMs)
    const tick = (): void => {
      // Counted from due time to due time against drift by rounding, unless one was missed while frozen: like
      // the platforms' own, a suspended interval does not catch up.
      dueAt += periodMs
      if (dueAt <= this.now()) dueAt = this.now() + periodMs
      cancel = this.after(dueAt - this.now(), tick)
      callback()
    }
    let dueAt = this.now() + periodMs
    let cancel = this.after(periodMs, tick)
    return () => cancel()
  }

  /**
   * Suspends the peer's timers, as a closed laptop lid does. Its time goes on: what fell due meanwhile runs,
   * late and in order, after {@link thaw}.
   */
  freeze(): void {
    this.#frozen = true
  }

  /** Lets timers run again. */
  thaw(): void {
    this.#frozen = false
    const held = this.#held
    this.#held = []
    // Each as a timer of its own, so that promises settle between them.
    for (const run of held) this.#base.after(0, run)
  }

  /** Drops every timer and takes no more, as the death of a process does. */
  kill(): void {
    this.#killed = true
    for (const cancel of [...this.#pending]) cancel()
    this.#held = []
  }

  #elapsed(): number {
    return (this.#base.now() - this.#baseStart) * this.#rate
  }
}
