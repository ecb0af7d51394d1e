import { TrafficBudget, type TrafficRates } from './trafficBudget.ts'

/** One traffic budget for all sockets of an address, which outlives them: hanging up and dialling again gains nothing. */
export class AddressBudgets {
  readonly #rates: TrafficRates
  readonly #budgets = new Map<string, { readonly budget: TrafficBudget; sockets: number }>()

  constructor(rates: TrafficRates) {
    this.#rates = rates
  }

  /** The budget of an address that has one socket more. */
  join(address: string, now: number): TrafficBudget {
    const known = this.#budgets.get(address)
    if (known !== undefined) {
      known.sockets++
      return known.budget
    }
    const budget = new TrafficBudget(this.#rates, now)
    this.#budgets.set(address, { budget, sockets: 1 })
    return budget
  }

  /** A socket of the address is gone. */
  leave(address: string): void {
    const known = this.#budgets.get(address)
    if (known !== undefined) known.sockets--
  }

  /** To be called every few seconds: a budget that nobody uses and that is full again is no different from a fresh one. */
  forgetFull(now: number): void {
    for (const [address, { budget, sockets }] of this.#budgets) {
      if (sockets === 0 && budget.isFull(now)) this.#budgets.delete(address)
    }
  }
}
