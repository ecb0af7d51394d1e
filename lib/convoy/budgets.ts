import { ConvoyError, type BudgetRange } from '../core/index.ts'
import { linkBudgetRanges, type LinkBudgets } from '../rtc/index.ts'
import { memberBudgetRanges, type MemberBudgets } from '../session/index.ts'

/**
 * What links, members and strangers may cost this peer; see `docs/embedding.md`. Each has a default that suits convoys of
 * up to 64 members, and its reason beside it: change one where measurements of yours say so.
 */
export interface Budgets extends LinkBudgets, MemberBudgets {}

const ranges: Readonly<Record<string, BudgetRange>> = { ...linkBudgetRanges, ...memberBudgetRanges }

/** @throws ConvoyError `invalid-argument` that names the first budget that is unknown, no number or out of range. */
export function checkBudgets(budgets: Partial<Budgets> = {}): void {
  for (const [name, value] of Object.entries<unknown>(budgets)) {
    const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined
    if (range === undefined) {
      throw new ConvoyError('invalid-argument', `There is no budget "${name}". See the type Budgets.`)
    }
    if (typeof value !== 'number' || !(value >= range.least && value <= range.most)) {
      throw new ConvoyError(
        'invalid-argument',
        `The option "budgets.${name}" is not valid: it is a number from ${range.least} to ${range.most}, by default ${range.default}.`,
      )
    }
  }
}
