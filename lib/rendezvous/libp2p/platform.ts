import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'

/** What carries connections in Node. */
export const platformTransports = [webSockets(), tcp()]
