import { ConvoyError } from '../core/index.ts'

/** The longest delay that real timers take; browsers and Node fire longer ones at once. */
const longestDelayMs = 2 ** 31 - 1

/** So many timers without time moving on mean that something re-arms itself with no delay for ever. */
const timersPerMoment = 100_000

/** @throws ConvoyError `invalid-argument` for a delay at which real timers would fire at once. */
export function checkDelay(delayMs: number): void {
  if (Number.isNaN(delayMs) || delayMs > longestDelayMs) {
    throw new ConvoyError('invalid-argument', `A timer takes 0 to ${longestDelayMs} ms, not ${delayMs}.`)
  }
}

/** @throws ConvoyError `invalid-argument` for a period of no length, or too long for real timers. */
export function checkPeriod(periodMs: number): void {
  checkDelay(periodMs)
  if (periodMs <= 0) throw new ConvoyError('invalid-argument', 'A period has to be more than 0 ms.')
}

/** @throws ConvoyError `invalid-argument` when time can't move on by `durationMs`. */
export function checkDuration(durationMs: number): void {
  if (!(durationMs >= 0) || !Number.isFinite(durationMs)) {
    throw new ConvoyError(
      'invalid-argument',
      `Time moves on by a finite number of ms of at least 0, not ${durationMs}.`,
    )
  }
}

/** Notices when timers run for ever without time moving on. */
export class MomentGuard {
  #moment = Number.NaN
  #count = 0

  /** @throws ConvoyError `timeout` when too many timers ran at this moment. */
  ran(now: number): void {
    this.#count = now === this.#moment ? this.#count + 1 : 0
    this.#moment = now
    if (this.#count <= timersPerMoment) return
    throw new ConvoyError(
      'timeout',
      `${timersPerMoment} timers ran without time moving on: one of them re-arms itself with no delay.`,
    )
  }
}
