export { defaultMeshLimits, type MeshLimits } from './mesh/constants.ts'
export { defaultLibp2pLimits, type Libp2pLimits } from './mesh/libp2p/constants.ts'
export type { MeshStats } from './mesh/mesh.ts'
export type { MeshOptions, RunningMesh, RunningMeshStats } from './mesh/options.ts'
export type {
  FrameCounts,
  FrameOutcome,
  SessionLimit,
  SwitchboardLimit,
  SwitchboardLimits,
  SwitchboardStats,
  TrafficStats,
} from '../lib/rendezvous/index.ts'
export { defaultSignalingLimits, type SignalingLimits } from './constants.ts'
export type { DoorLimit } from './doorKeeper.ts'
export {
  startSignaling,
  type DrainOptions,
  type HandshakeFailure,
  type MetricsOptions,
  type SignalingOptions,
  type SignalingService,
  type SignalingState,
  type SignalingStats,
} from './service.ts'
export type { SlowReaderLimit } from './slowReaders.ts'
export type { TurnOptions } from './turnCredentials.ts'
