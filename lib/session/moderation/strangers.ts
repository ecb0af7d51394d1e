import { toHex, TokenBucket, type Budget, type Clock } from '../../core/index.ts'
import { VerificationBudget } from '../../identity/index.ts'
import type { MemberBudgets } from '../budgets.ts'

/** How busy a host is with who wants to join. */
export interface AdmissionLoad {
  /** Knocks that are being answered. */
  readonly knocks: number
  /** Addresses told apart of late, as far as the rendezvous hints at them. */
  readonly origins: number
  /** Messages of strangers that may be opened at once right now, all addresses together. */
  readonly messagesLeft: number
}

/**
 * What those who are no members may cost a host: messages that it opens, and places that it gives, for each address by itself as
 * far as a rendezvous tells addresses apart ([MOD-14], [MOD-15]).
 */
export class Strangers {
  readonly #all: TokenBucket
  readonly #messages: VerificationBudget
  readonly #joinsByInvite: VerificationBudget
  readonly #joinsByOrigin: VerificationBudget
  readonly #budgets: Readonly<MemberBudgets>

  constructor(clock: Clock, budgets: Readonly<MemberBudgets>) {
    this.#budgets = budgets
    this.#all = new TokenBucket(clock, budgets.strangerMessagesPerSecond, budgets.strangerMessagesAtOnce)
    const perSource = (perSecond: number, atOnce: number, inAll?: TokenBucket): VerificationBudget =>
      new VerificationBudget({
        clock,
        perSource: atOnce,
        windowMs: (atOnce * 1_000) / perSecond,
        ...(inAll === undefined ? {} : { inAll }),
      })
    this.#messages = perSource(
      budgets.strangerMessagesPerOriginPerSecond,
      budgets.strangerMessagesPerOriginAtOnce,
      this.#all,
    )
    this.#joinsByInvite = perSource(budgets.joinsPerInvitePerSecond, budgets.joinsPerInviteAtOnce)
    this.#joinsByOrigin = perSource(budgets.joinsPerOriginPerSecond, budgets.joinsPerOriginAtOnce)
  }

  /** What the messages of one route are taken from. */
  messagesOf(origin: Uint8Array | undefined): Pick<Budget, 'tryTake'> {
    if (origin === undefined) return this.#all
    const source = toHex(origin)
    return { tryTake: () => this.#messages.tryTake(source) }
  }

  /**
   * Takes a place for a newcomer.
   * @returns how long to wait, ms, where too many came before; 0 where it may come in.
   */
  join(invite: Uint8Array | undefined, origin: Uint8Array | undefined): number {
    // By address first: one that floods must not use up the invite for the others.
    if (origin !== undefined && !this.#joinsByOrigin.tryTake(toHex(origin)))
      return Math.ceil(1_000 / this.#budgets.joinsPerOriginPerSecond)
    const byInvite = this.#joinsByInvite.tryTake(invite === undefined ? '' : toHex(invite))
    return byInvite ? 0 : Math.ceil(1_000 / this.#budgets.joinsPerInvitePerSecond)
  }

  /** @param knocks - how many are being answered. */
  load(knocks: number): AdmissionLoad {
    return { knocks, origins: this.#messages.sources, messagesLeft: Math.floor(this.#all.left) }
  }
}
