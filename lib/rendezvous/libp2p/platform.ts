import { tcp } from '@libp2p/tcp'
import { guardedWebSockets } from './guardedWebSockets.ts'

/** What carries connections in Node. */
export const platformTransports = [guardedWebSockets, tcp()]
