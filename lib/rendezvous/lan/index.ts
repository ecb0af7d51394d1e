export { lanRendezvous, type LanOptions, type LanRendezvous } from './lanRendezvous.ts'
export type { SwitchboardLimits } from '../switchboardLimits.ts'
