/**
 * Peer-to-peer convoys for truck simulators. Start with {@link hostConvoy} and {@link joinConvoy}.
 * @packageDocumentation
 */
export { hostConvoy, joinConvoy } from './convoy/index.ts'
export type {
  Ban,
  BanOptions,
  BanSubject,
  BanTarget,
  Budgets,
  ChatMessage,
  Convoy,
  ConvoyEvents,
  ConvoyOptions,
  ConvoyStats,
  EnforcedKind,
  EnforcementAct,
  EnforcementOptions,
  EnforcementStats,
  EnforcementSteps,
  SessionTime,
  SharedValues,
  AuthorityState,
  HostOptions,
  JoinOptions,
  KickOptions,
  Member,
  MutedEvent,
  MuteOptions,
  ForwardedForOthers,
  ForwardedMember,
  Quality,
  QualityLevel,
  RendezvousSource,
} from './convoy/index.ts'

export type {
  Channel,
  ChannelEvents,
  ChannelMessage,
  ChannelOptions,
  ChannelTarget,
  Interception,
  InterceptionVerdict,
  Interceptor,
  MemberProfile,
  StandardResult,
  StandardSchema,
} from './comms/index.ts'

export {
  ConvoyError,
  createSystemClock,
  errorCodes,
  isConvoyError,
  silentLogger,
  systemRandom,
} from './core/index.ts'
export type {
  Cancel,
  Clock,
  ConvoyErrorOptions,
  ErrorCode,
  EventMap,
  Listenable,
  LogFields,
  Logger,
  RandomSource,
  Unsubscribe,
} from './core/index.ts'

export { addAppeal, examineReport, replayReport, reportCategories } from './evidence/index.ts'
export type {
  EvidenceProof,
  ExaminedMember,
  ExaminedMessage,
  ExaminedPerson,
  ExaminedReport,
  ExaminedSample,
  Happening,
  ReplayedSecond,
  ReplayedVehicle,
  ReportCategory,
  ReportInfo,
  ReportOptions,
  ReportReplay,
  ReportSink,
  SentReport,
  SigningEnvironment,
  TakenReport,
} from './evidence/index.ts'

export { createIdentity, decodeInvite, encodeInvite, fingerprintOf, inviteLink } from './identity/index.ts'
export type {
  Identity,
  IdentityOptions,
  Invite,
  MaybePromise,
  PasswordParams,
  PublicIdentity,
  Signer,
  Verify,
  Vote,
} from './identity/index.ts'

export { defaultRules, emptyLoadOrder, emptyVehicleState, limits, vehicleFlags } from './protocol/index.ts'
export type {
  Checksum,
  LoadOrder,
  Mod,
  Rules,
  RulesChanges,
  Signal,
  TrailerState,
  VehicleClass,
  VehicleState,
} from './protocol/index.ts'

export { manualCodes, rendezvousFrom, webSocketRendezvous } from './rendezvous/index.ts'
export type {
  Announcement,
  CodeKind,
  EarlyChallenge,
  GrantRequest,
  HostedSession,
  HostedSessionEvents,
  ManualCode,
  ManualCodes,
  ManualCodesEvents,
  ManualCodesOptions,
  ReachedSession,
  Rendezvous,
  RendezvousEnvironment,
  RendezvousTimings,
  Route,
  RouteByHand,
  RouteEvents,
  TakenCode,
  WebSocketConstructor,
  WebSocketLike,
  WebSocketRendezvousOptions,
  Witness,
  WitnessRegistration,
} from './rendezvous/index.ts'

export { createConnector, defaultConnector, loadEngine } from './rtc/index.ts'
export type {
  Connection,
  ConnectionCloseReason,
  ConnectionHandlers,
  ConnectionOptions,
  Connector,
  Engine,
  EngineConfiguration,
  EngineDataChannel,
  EngineDataChannelInit,
  EngineIceCandidateInit,
  EngineName,
  EnginePeerConnection,
  IceServer,
  IceTransportPolicy,
  LinkBudgets,
  Wrtc,
} from './rtc/index.ts'

export { compareLoadOrders, describeFinding, describeVerdict } from './session/index.ts'
export type {
  AdmissionLoad,
  AdmitHook,
  Candidate,
  ChannelVersions,
  Finding,
  GameVersion,
  GrantedRole,
  LeaveReason,
  LoadOrderRules,
  LoadOrderVerdict,
  MemberBudgets,
  ModerationScope,
  ModName,
  MutedMedium,
  Presence,
  Restriction,
  Role,
  SessionMember,
  VerifyClaims,
} from './session/index.ts'

export type {
  BanRepository,
  ConvoyStore,
  FoundDamage,
  IdentityRepository,
  ReportRepository,
  ReportSummary,
  SeedOptions,
  SessionRepository,
  SessionSummary,
  StoredBan,
  StoredBanSubject,
  StoreDamage,
  WriteOptions,
} from './store/index.ts'

export type {
  InterestTier,
  RemoteTrafficVehicle,
  RemoteVehicle,
  RemoteVehicles,
  SpawnOptions,
  Traffic,
  TrafficEnd,
  TrafficEvents,
} from './vehicle/index.ts'
