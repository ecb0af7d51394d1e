import { ConvoyError } from '../core/index.ts'
import { ReplayGuard } from '../identity/index.ts'
import type { Route } from '../rendezvous/index.ts'
import { memberBudgetsOf, type MemberBudgets } from './budgets.ts'
import type { SessionEnvironment } from './environment.ts'
import { Strangers } from './moderation/strangers.ts'
import { SealedRoute } from './sealedRoute.ts'

/** Answers whoever opened a route; the route is closed when that is done. */
export type RouteAnswer = (
  route: SealedRoute,
  origin: Uint8Array | undefined,
  signal: AbortSignal,
) => Promise<void>

/** Takes the routes that others open through a rendezvous: only so many at once, at the cost of those who open them. */
export class Reception {
  readonly strangers: Strangers
  readonly #environment: SessionEnvironment
  readonly #answer: RouteAnswer
  readonly #replays = new ReplayGuard()
  readonly #budgets: Readonly<MemberBudgets>
  readonly #abort = new AbortController()
  #knocks = 0

  constructor(environment: SessionEnvironment, answer: RouteAnswer) {
    this.#environment = environment
    this.#answer = answer
    this.#budgets = memberBudgetsOf(environment)
    this.strangers = new Strangers(environment.clock, this.#budgets)
  }

  /** How many are being answered. */
  get knocks(): number {
    return this.#knocks
  }

  receive(route: Route): void {
    const { dropped, logger } = this.#environment
    const { signal } = this.#abort
    if (signal.aborted || this.#knocks >= this.#budgets.knocksAtOnce) {
      dropped.add('knock-busy')
      return route.close()
    }
    this.#knocks++
    const guard = { replays: this.#replays, strangers: this.strangers.messagesOf(route.origin) }
    const sealed = new SealedRoute(route, this.#environment, guard)
    this.#answer(sealed, route.origin, signal)
      .catch((error: unknown) => {
        dropped.add(`knock-${error instanceof ConvoyError ? error.code : 'internal'}`)
        logger.info('A knock came to nothing.', { error })
      })
      .finally(() => {
        this.#knocks--
        sealed.finish()
      })
  }

  /** Answers nobody any more. Idempotent. */
  close(reason: ConvoyError): void {
    this.#abort.abort(reason)
  }
}
