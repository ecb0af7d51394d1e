export { AddressBuckets } from './addressBuckets.ts'
export { RendezvousClient, type RendezvousEnvironment } from './client.ts'
export { defaultTimings, type RendezvousTimings } from './constants.ts'
export { cutCodes, frameLimits, frameVersion, type CutReason } from './frames.ts'
export { rendezvousFrom } from './fromHint.ts'
export {
  createMemoryRendezvousHub,
  type MemoryRendezvousHub,
  type MemoryRendezvousOptions,
} from './memory.ts'
export * from './rendezvous.ts'
export {
  Switchboard,
  type SwitchboardOptions,
  type SwitchboardSocket,
  type SwitchboardStats,
} from './switchboard.ts'
export type { ClientPort } from './switchboardClient.ts'
export {
  defaultSwitchboardLimits,
  unlimitedSwitchboard,
  type SwitchboardLimits,
} from './switchboardLimits.ts'
export { turnUrls, type TurnAccess } from './turnAccess.ts'
export {
  webSocketRendezvous,
  type WebSocketConstructor,
  type WebSocketLike,
  type WebSocketRendezvousOptions,
} from './webSocket.ts'
