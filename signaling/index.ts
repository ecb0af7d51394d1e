export type { SwitchboardLimits, SwitchboardStats } from '../lib/rendezvous/index.ts'
export { defaultSignalingLimits, type SignalingLimits } from './constants.ts'
export {
  startSignaling,
  type SignalingOptions,
  type SignalingService,
  type SignalingStats,
} from './service.ts'
export type { TurnOptions } from './turnCredentials.ts'
