import type { Signal } from '../../../lib/protocol/index.ts'

/** What crosses between a link here and its other side in another process. */
export interface SignalMessage {
  type: 'signal'
  signal: Signal
}

/** What the case tells its attacker. */
export type ToAttacker = SignalMessage | { type: 'attack' }

/** What the attacker tells its case: how many channels its engine agreed to open. */
export type FromAttacker = SignalMessage | { type: 'attacked'; opened: number }
