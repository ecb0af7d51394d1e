export type { SwitchboardLimits, SwitchboardStats } from '../lib/rendezvous/index.ts'
export { defaultMeshLimits, type MeshLimits } from './mesh/constants.ts'
export { defaultLibp2pLimits, type Libp2pLimits } from './mesh/libp2p/constants.ts'
export type { MeshStats } from './mesh/mesh.ts'
export type { MeshOptions, RunningMesh, RunningMeshStats } from './mesh/options.ts'
export { defaultSignalingLimits, type SignalingLimits } from './constants.ts'
export {
  startSignaling,
  type SignalingOptions,
  type SignalingService,
  type SignalingStats,
} from './service.ts'
