export { ConvoyTraffic, type TrafficSurroundings } from './convoyTraffic.ts'
export type * from './types.ts'
