export { defaultLibp2pTimings, type Libp2pTimings } from './constants.ts'
export { libp2pRendezvous } from './libp2pRendezvous.ts'
export type { Libp2pRendezvous, Libp2pRendezvousOptions } from './options.ts'
export {
  startLibp2pRelay,
  type Libp2pRelay,
  type Libp2pRelayOptions,
  type Libp2pRelayStats,
} from './relay.ts'
export type { SessionLimit } from '../sessionLoad.ts'
export type { SwitchboardLimit, SwitchboardLimits } from '../switchboardLimits.ts'
export type { SwitchboardStats } from '../switchboardStats.ts'
export type { FrameCounts, FrameOutcome, TrafficStats } from '../trafficCounts.ts'
