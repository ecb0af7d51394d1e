export { PeerClock, type Skew } from './peerClock.ts'
export { SimulatedClock, simulationEpoch, type SimulatedClockOptions } from './simulatedClock.ts'
export * from './drives/index.ts'
