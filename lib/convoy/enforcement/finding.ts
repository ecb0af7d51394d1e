import type { EnforcedKind } from './kinds.ts'

/** What somebody was seen at. Times on the local clock, ms. */
export interface Finding {
  readonly kind: EnforcedKind
  /** In the unit of the kind: km/h, m/s², m, ms, s, messages. */
  readonly measured: number
  readonly limit: number
  readonly from: number
  readonly to: number
  /** How often within that time. */
  readonly count: number
}

/** Told of findings, which are seldom: what leads up to them allocates nothing. */
export type FindingHandler = (finding: Finding) => void
