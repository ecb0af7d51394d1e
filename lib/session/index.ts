export { successionOf } from './authority/succession.ts'
export type { AdmitHook, Candidate, GameVersion, VerifyClaims } from './admissionChecks.ts'
export { memberBudgetRanges, type MemberBudgets } from './budgets.ts'
export { channelName, channelVersionsSchema, type ChannelVersions } from './channelVersions.ts'
export type { ChannelBudget, MessageObserver } from './channels.ts'
export {
  announcementLifetimeMs,
  burstSeconds,
  embedderChannelPrefix,
  evidenceChannel,
  forwardChannel,
  loadOrderBytes,
  redialBackoffMs,
  reportChannel,
  sharedChannelRate,
  slotReservationMs,
} from './constants.ts'
export { describeFinding, describeVerdict } from './describeLoadOrder.ts'
export type { SessionEnvironment } from './environment.ts'
export { HostRole } from './hostRole.ts'
export { comeBackAfterwards, hostSession, type Founding, type HostedSessionState } from './hostSession.ts'
export { joinSession } from './joinSession.ts'
export type { Joiner } from './joinSession.ts'
export { claimsSchema, gameVersionSchema } from './knockMessages.ts'
export { compareLoadOrders, type LoadOrderRules, type LoadOrderVerdict } from './loadOrderCheck.ts'
export {
  findingSchema,
  findingsWithin,
  mostFindings,
  type Finding,
  type ModName,
} from './loadOrderFinding.ts'
export * from './member.ts'
export { coolOffMs, mostBans, mostCoolOffMs, mostLastingMs } from './moderation/constants.ts'
export {
  askableChangeSchema,
  banSubjectSchema,
  mutedMedia,
  type AskableChange,
  type BanSubject,
} from './moderation/moderationChanges.ts'
export type { AdmissionLoad } from './moderation/strangers.ts'
export type { RecordedBan } from './moderation/moderationState.ts'
export { inviteHashOf } from './moderation/requests.ts'
export { grantedRole, usualScopes } from './moderation/roles.ts'
export { isNeighbour, neighboursToAsk } from './neighbours.ts'
export type { Peer } from './peer.ts'
export type { AppliedEntry, Decision } from './record.ts'
export type { RecordMember } from './recordState.ts'
export type { Reopen } from './hostRedial.ts'
export { openReached } from './reachedHost.ts'
export { restrictionChange } from './restriction.ts'
export { Session } from './session.ts'
export type { SessionEvents } from './sessionParts.ts'
