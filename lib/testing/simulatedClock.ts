import { ConvoyError, type Cancel, type Clock } from '../core/index.ts'
import { checkDelay, checkDuration, checkPeriod, MomentGuard } from './clockGuards.ts'
import { nextMacrotask, Turns } from './macrotask.ts'
import { PeerClock, type Skew } from './peerClock.ts'
import { TimerHeap } from './timerHeap.ts'

/** The wall time at which simulations start unless told otherwise: a fixed moment, so that runs repeat. */
export const simulationEpoch = Date.UTC(2026, 0, 1)

/** What a {@link SimulatedClock} is made with. */
export interface SimulatedClockOptions {
  /** What `now()` starts at, ms; 0 by default. */
  startMs?: number
  /** What `wallTime()` starts at, ms since the Unix epoch; {@link simulationEpoch} by default. */
  wallStartMs?: number
}

/**
 * Time that moves only when told to. Timers run in the order of their due times, ties in the order in which
 * they were scheduled, and `now()` is exactly the due time while one runs.
 *
 * {@link advance} is synchronous: right for code without promises. {@link run} lets promise chains settle
 * before the first timer and after each one, as real time would, so sessions with all their `await`s behave
 * the same in every run. Only what waits for this clock or for nothing at all settles that way: real I/O and
 * WebCrypto complete on threads, so simulations sign with {@link simulatedIdentity} or
 * {@link synchronousIdentity}.
 * @example
 * ```ts
 * const clock = new SimulatedClock()
 * const convoy = await clock.complete(joinConvoy(invite, { clock, ...options }))
 * await clock.run(5_000) // five seconds of driving, at once
 * ```
 */
export class SimulatedClock implements Clock {
  readonly #timers = new TimerHeap()
  readonly #turns = new Turns()
  readonly #wallOffsetMs: number
  #now: number
  #advancing = false
  #wakeAutomatic: (() => void) | undefined

  constructor({ startMs = 0, wallStartMs = simulationEpoch }: SimulatedClockOptions = {}) {
    this.#now = startMs
    this.#wallOffsetMs = wallStartMs - startMs
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#now + this.#wallOffsetMs
  }

  /** Timers that are due some day: 0 once everything is closed, or something leaked. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  after(delayMs: number, callback: () => void): Cancel {
    checkDelay(delayMs)
    return this.at(this.#now + delayMs, callback)
  }

  /**
   * Calls `callback` at `time`, or at once, as a timer, when that is past. What has to keep an order needs
   * times: the same moment as a delay from here and from there may differ in the last bit.
   */
  at(time: number, callback: () => void): Cancel {
    const timer = this.#timers.add(Math.max(time, this.#now), callback)
    this.#wakeAutomatic?.()
    return () => this.#timers.cancel(timer)
  }

  every(periodMs: number, callback: () => void): Cancel {
    checkPeriod(periodMs)
    const tick = (): void => {
      // Before the callback, so that it can cancel.
      dueAt += periodMs
      timer = this.#timers.add(dueAt, tick)
      callback()
    }
    // Counted from due time to due time, or rounding would let the period drift.
    let dueAt = this.#now + periodMs
    let timer = this.#timers.add(dueAt, tick)
    this.#wakeAutomatic?.()
    return () => this.#timers.cancel(timer)
  }

  /**
   * Moves time on by `durationMs`, running every timer that falls due, without giving promises a chance.
   * What a timer throws is thrown here; time then stands at that timer.
   * @throws ConvoyError `invalid-argument` inside a timer, while another call moves time, or for no real duration.
   */
  advance(durationMs: number): void {
    checkDuration(durationMs)
    this.#begin()
    try {
      const until = this.#now + durationMs
      const guard = new MomentGuard()
      while (this.#runNext(until)) guard.ran(this.#now)
      this.#now = until
    } finally {
      this.#advancing = false
    }
  }

  /**
   * Moves time on by `durationMs`, letting promise chains settle before the first timer and after each one.
   * Rejects with what a timer throws; time then stands at that timer.
   * @throws ConvoyError `invalid-argument` as {@link advance} does.
   */
  async run(durationMs: number): Promise<void> {
    await this.#runWhile(durationMs, () => true)
  }

  /**
   * Runs until `condition` holds, looking after every timer, for at most `withinMs`.
   * @throws ConvoyError `timeout` when it never held.
   */
  async runUntil(condition: () => boolean, withinMs = 60_000): Promise<void> {
    await this.#runWhile(withinMs, () => !condition())
    if (!condition()) {
      throw new ConvoyError('timeout', `The condition did not hold within ${withinMs} ms of simulated time.`)
    }
  }

  /**
   * Runs until `work` settles, and settles like it: what `await` is on real time.
   * @throws ConvoyError `timeout` when it did not settle within `withinMs`.
   */
  async complete<T>(work: PromiseLike<T>, withinMs = 60_000): Promise<T> {
    let settled = false
    const watched = Promise.resolve(work).finally(() => (settled = true))
    // Its rejection is the caller's to see, below; until then it must not count as unhandled.
    watched.catch(() => {})
    await this.runUntil(() => settled, withinMs)
    return watched
  }

  /** Lets promise chains go as far as they can without time moving on. */
  async settle(): Promise<void> {
    await nextMacrotask()
  }

  /**
   * Moves time on by itself, from timer to timer, as fast as it can, until the returned function is called:
   * for programs that just run. Waits without using the processor while no timer is pending. An error thrown
   * by a timer ends it and is reported as an unhandled rejection.
   */
  automatic(): Cancel {
    this.#begin()
    let stopped = false
    const stop = (): void => {
      if (stopped) return
      stopped = true
      this.#advancing = false
      this.#wakeAutomatic?.()
    }
    const loop = async (): Promise<void> => {
      try {
        for (;;) {
          await nextMacrotask()
          if (stopped) return
          if (!this.#runNext(Infinity)) await new Promise<void>((wake) => (this.#wakeAutomatic = wake))
          this.#wakeAutomatic = undefined
        }
      } finally {
        stop()
      }
    }
    void loop()
    return stop
  }

  /**
   * A peer's own clock on this timeline: with its own origin and, where asked for, running fast or slow.
   */
  skewed(skew: Skew = {}): PeerClock {
    return new PeerClock(this, skew)
  }

  async #runWhile(durationMs: number, goOn: () => boolean): Promise<void> {
    checkDuration(durationMs)
    this.#begin()
    const until = this.#now + durationMs
    const guard = new MomentGuard()
    try {
      // No loop with an `await` in it: that would cost as much as many a timer does.
      await new Promise<void>((resolve, reject) => {
        const step = (): void => {
          try {
            if (!goOn()) return resolve()
            if (!this.#runNext(until)) {
              this.#now = until
              return resolve()
            }
            guard.ran(this.#now)
          } catch (error) {
            return reject(error)
          }
          this.#turns.next(step)
        }
        this.#turns.next(step)
      })
    } finally {
      this.#advancing = false
    }
  }

  /** Runs the next timer that is due by `until`; false when there is none. */
  #runNext(until: number): boolean {
    const timer = this.#timers.takeDue(until)
    if (timer === undefined) return false
    this.#now = timer.dueAt
    // It is no longer in the queue: a later cancel must not be counted as one of a waiting timer.
    timer.cancelled = true
    timer.callback()
    return true
  }

  #begin(): void {
    if (this.#advancing) {
      throw new ConvoyError(
        'invalid-argument',
        'Simulated time is moving already: await the other call first, and move time from outside of timers.',
      )
    }
    this.#advancing = true
  }
}
