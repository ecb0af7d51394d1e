export { lanRendezvous, type LanOptions, type LanRendezvous } from './lanRendezvous.ts'
