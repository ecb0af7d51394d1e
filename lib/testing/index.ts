export { Counters } from '../core/index.ts'
export type { SynchronousSigner } from '../identity/index.ts'
export type {
  FrameCounts,
  FrameOutcome,
  RendezvousTimings,
  SessionLimit,
  SwitchboardLimit,
  SwitchboardLimits,
  SwitchboardStats,
  TrafficStats,
} from '../rendezvous/index.ts'
export * from './drives/index.ts'
export { perfectConditions, type NetworkConditions } from './conditions.ts'
export type { NetworkCount } from './oneWayPath.ts'
export { PeerClock, type Skew } from './peerClock.ts'
export { SimulatedClock, simulationEpoch, type SimulatedClockOptions } from './simulatedClock.ts'
export {
  simulatedIdentity,
  simulatedSigner,
  simulatedVerify,
  synchronousIdentity,
  synchronousVerify,
} from './simulatedIdentity.ts'
export { SimulatedNetwork, type SimulatedNetworkOptions } from './simulatedNetwork.ts'
export type { PeerTraffic, SimulatedPeer } from './simulatedPeer.ts'
export { SimulatedRendezvous, type SimulatedRendezvousOptions } from './simulatedRendezvous.ts'
export { TraceHash } from './traceHash.ts'
