export { Enforcement, type EnforcementAct, type EnforcementStats } from './enforcement.ts'
export type { Finding } from './finding.ts'
export type { EnforcedKind } from './kinds.ts'
export { MemberWatch } from './memberWatch.ts'
export {
  defaultPolicy,
  policyOf,
  type EnforcementOptions,
  type EnforcementPolicy,
  type EnforcementSteps,
} from './policy.ts'
