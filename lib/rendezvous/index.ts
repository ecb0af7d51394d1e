export { AddressBuckets } from './addressBuckets.ts'
export { RendezvousClient, type RendezvousEnvironment } from './client.ts'
export { defaultTimings, type RendezvousTimings } from './constants.ts'
export {
  cutCodes,
  decodeServiceFrame,
  encodeClientFrame,
  frameLimits,
  frameVersion,
  originBytes,
  refusalCodes,
  type CutReason,
  type RefusalCode,
  type ServiceFrame,
} from './frames.ts'
export { rendezvousFrom } from './fromHint.ts'
export * from './manual/index.ts'
export {
  createMemoryRendezvousHub,
  type MemoryRendezvousHub,
  type MemoryRendezvousOptions,
} from './memory.ts'
export { PrefixedFrames, prefixed } from './prefixedFrames.ts'
export { putRelayFrame, relayFrameBytes } from './relayFrames.ts'
export * from './rendezvous.ts'
export { Switchboard, type SwitchboardOptions } from './switchboard.ts'
export type { ServiceDesk, ServiceSocket } from './serviceDesk.ts'
export type { CheckedAnnouncement, HeldSession } from './sessionDirectory.ts'
export type { ClientPort, OnwardRoute, Refusal, ServicePort, SwitchboardSocket } from './switchboardClient.ts'
export type { SwitchboardStats } from './switchboardStats.ts'
export {
  defaultSwitchboardLimits,
  unlimitedSwitchboard,
  type SwitchboardLimit,
  type SwitchboardLimits,
} from './switchboardLimits.ts'
export type { SessionLimit } from './sessionLoad.ts'
export type { FrameCounts, FrameOutcome, TrafficStats } from './trafficCounts.ts'
export { turnUrls, type TurnAccess } from './turnAccess.ts'
export {
  webSocketRendezvous,
  type WebSocketConstructor,
  type WebSocketLike,
  type WebSocketRendezvousOptions,
} from './webSocket.ts'
