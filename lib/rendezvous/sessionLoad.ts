import { TokenBucket, type Clock } from '../core/index.ts'
import { AddressCounts } from './addressCounts.ts'
import type { SwitchboardLimits } from './switchboardLimits.ts'
import { sessionRates, TrafficBudget } from './trafficBudget.ts'

/** Which limit of a session is reached. */
export type SessionLimit = 'session-opens' | 'session-routes' | 'session-address-routes'

/**
 * What one session takes of a service, so that whoever wants to keep others from it, or from the service, does not get far: how
 * often it is asked for, by how many at once, and how much goes over its routes. Routes keep it, whatever becomes of the session.
 */
export class SessionLoad {
  readonly budget: TrafficBudget
  readonly #limits: SwitchboardLimits
  readonly #opens: TokenBucket
  readonly #perAddress = new AddressCounts()
  #routes = 0

  constructor(clock: Clock, limits: SwitchboardLimits) {
    this.#limits = limits
    this.#opens = new TokenBucket(clock, limits.sessionOpensPerSecond, limits.sessionOpensBurst)
    this.budget = new TrafficBudget(sessionRates(limits), clock.now())
  }

  /** Why somebody at `address` gets no route now; undefined where nothing speaks against it. */
  refusal(address: string | null): SessionLimit | undefined {
    if (this.#routes >= this.#limits.routesPerSession) return 'session-routes'
    if (this.#perAddress.of(address) >= this.#limits.routesPerSessionAndAddress)
      return 'session-address-routes'
    return this.#opens.tryTake() ? undefined : 'session-opens'
  }

  /** A route of a joiner at `address` begins or ends. */
  count(address: string | null, change: 1 | -1): void {
    this.#routes += change
    this.#perAddress.add(address, change)
  }
}
