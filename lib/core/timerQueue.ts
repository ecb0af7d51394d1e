import type { Cancel } from './clock.ts'

/** Rings once, `delayMs` after the newest call; a call with undefined silences it. */
export type Alarm = (delayMs: number | undefined) => void

interface Timer {
  dueAt: number
  /** Zero for a timer that runs once. */
  readonly periodMs: number
  readonly callback: () => void
}

/** Any number of timers on one alarm, which may ring early, late, or without having been set. */
export class TimerQueue {
  readonly #timers = new Set<Timer>()
  readonly #now: () => number
  readonly #setAlarm: Alarm
  /** When the alarm will ring; infinite while it is silent. */
  #ringsAt = Infinity

  constructor(now: () => number, setAlarm: Alarm) {
    this.#now = now
    this.#setAlarm = setAlarm
  }

  /** Timers that wait. */
  get size(): number {
    return this.#timers.size
  }

  after(delayMs: number, callback: () => void): Cancel {
    // What is no delay at all (negative, NaN) is none, as in `setTimeout`.
    return this.#add({ dueAt: this.#now() + (delayMs > 0 ? delayMs : 0), periodMs: 0, callback })
  }

  every(periodMs: number, callback: () => void): Cancel {
    // A period of nothing would never let go of the thread: 1 ms, as in Node.
    const period = periodMs >= 1 ? periodMs : 1
    return this.#add({ dueAt: this.#now() + period, periodMs: period, callback })
  }

  /** To be called when the alarm rings. */
  ring(): void {
    this.#ringsAt = Infinity
    const now = this.#now()
    // Timers added meanwhile wait for the next ring, so that none can keep the others from their turn.
    const due = [...this.#timers].filter((timer) => timer.dueAt <= now).sort((a, b) => a.dueAt - b.dueAt)
    try {
      for (const timer of due) this.#run(timer, now)
    } finally {
      // Also after a callback threw: the rest of what is due has its turn at once.
      this.#setAlarmForNext()
    }
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer)
    if (timer.dueAt < this.#ringsAt) this.#setAlarmFor(timer.dueAt)
    return () => {
      if (this.#timers.delete(timer) && this.#timers.size === 0) this.#setAlarmForNext()
    }
  }

  #run(timer: Timer, now: number): void {
    // An earlier callback may have cancelled it.
    if (!this.#timers.has(timer)) return
    if (timer.periodMs === 0) this.#timers.delete(timer)
    // Periods that a busy or sleeping page missed are skipped; the beat stays the same.
    else timer.dueAt += timer.periodMs * (1 + Math.floor((now - timer.dueAt) / timer.periodMs))
    timer.callback()
  }

  #setAlarmForNext(): void {
    let next = Infinity
    for (const timer of this.#timers) next = Math.min(next, timer.dueAt)
    this.#setAlarmFor(next)
  }

  #setAlarmFor(dueAt: number): void {
    this.#ringsAt = dueAt
    this.#setAlarm(dueAt === Infinity ? undefined : Math.max(0, dueAt - this.#now()))
  }
}
