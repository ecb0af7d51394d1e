import { TokenBucket } from '../core/index.ts'
import { VerificationBudget } from '../identity/index.ts'
import { memberBudgetsOf } from './budgets.ts'
import type { SessionEnvironment } from './environment.ts'

/** What members may make this one check, each by itself and all together. */
export function verificationsOf(environment: SessionEnvironment): VerificationBudget {
  const { clock } = environment
  const budgets = memberBudgetsOf(environment)
  return new VerificationBudget({
    clock,
    perSource: budgets.verificationsAtOnce,
    windowMs: (budgets.verificationsAtOnce * 1_000) / budgets.verificationsPerSecond,
    inAll: new TokenBucket(clock, budgets.verificationsInAllPerSecond, budgets.verificationsInAllAtOnce),
  })
}
