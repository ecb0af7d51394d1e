import type { Clock } from '../core/index.ts'

/**
 * How much a sender may send so that a receiver that takes `perSecond` and `atOnce` never finds it too much,
 * however long anything was on its way: what was sent counts in full until it is known to have arrived, and from then on less
 * and less, as the receiver's own budget fills up.
 */
export class SendAllowance {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #atOnce: number
  /** Sent over the present connection and not known to have arrived. */
  #underWay = 0
  /** Of that, what was sent again and is not acknowledged yet. */
  #again = 0
  /** Of that, what was sent again and is acknowledged: perhaps as it came over the former connection. */
  #acknowledgedAgain = 0
  /** Arrived lately. */
  #arrived = 0
  #countedAt: number

  constructor(clock: Clock, perSecond: number, atOnce: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#atOnce = atOnce
    this.#countedAt = clock.now()
  }

  /** Milliseconds until `amount` may be sent, were all acknowledged at once; 0 where it may be sent now. */
  waitMs(amount: number): number {
    this.#count()
    const over = this.#underWay + this.#arrived + amount - this.#atOnce
    return over <= 0 ? 0 : (over / this.#perSecond) * 1_000
  }

  sent(amount: number): void {
    this.#underWay += amount
  }

  /** Takes in that the next `amount` of what was sent has arrived, over whichever connection. */
  acknowledged(amount: number): void {
    this.#count()
    if (amount <= this.#again) {
      this.#again -= amount
      this.#acknowledgedAgain += amount
      return
    }
    // This was sent after all that was sent again, and `control` keeps the order.
    const arrived = amount + this.#acknowledgedAgain
    this.#again = 0
    this.#acknowledgedAgain = 0
    this.#underWay -= arrived
    this.#arrived += arrived
  }

  /** Another connection has taken over, for which the receiver counts anew: what is unacknowledged is sent again. */
  restart(): void {
    this.#underWay -= this.#acknowledgedAgain
    this.#acknowledgedAgain = 0
    this.#again = this.#underWay
    this.#arrived = 0
    this.#countedAt = this.#clock.now()
  }

  #count(): void {
    const now = this.#clock.now()
    this.#arrived = Math.max(0, this.#arrived - ((now - this.#countedAt) / 1_000) * this.#perSecond)
    this.#countedAt = now
  }
}
