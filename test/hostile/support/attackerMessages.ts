import type { Signal } from '../../../lib/protocol/index.ts'

/** What the case tells its attacker. */
export type ToAttacker = { type: 'signal'; signal: Signal } | { type: 'attack' }

/** What the attacker tells its case: `made` channels that its engine agreed to announce. */
export type FromAttacker = { type: 'signal'; signal: Signal } | { type: 'done'; made: number }
