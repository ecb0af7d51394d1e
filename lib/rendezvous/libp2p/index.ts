export { defaultLibp2pTimings, type Libp2pTimings } from './constants.ts'
export { libp2pRendezvous, type Libp2pRendezvous, type Libp2pRendezvousOptions } from './libp2pRendezvous.ts'
export {
  startLibp2pRelay,
  type Libp2pRelay,
  type Libp2pRelayOptions,
  type Libp2pRelayStats,
} from './relay.ts'
