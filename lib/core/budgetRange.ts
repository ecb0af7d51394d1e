/** What a budget is where nothing else is asked for, and what may be asked for. */
export interface BudgetRange {
  readonly default: number
  readonly least: number
  readonly most: number
}

/** The defaults of a table of budgets. */
export function defaultsOf<Name extends string>(
  ranges: Readonly<Record<Name, BudgetRange>>,
): Readonly<Record<Name, number>> {
  const entries = Object.entries<BudgetRange>(ranges)
  return Object.fromEntries(entries.map(([name, range]) => [name, range.default])) as Record<Name, number>
}
