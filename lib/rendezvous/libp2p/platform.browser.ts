import { webSockets } from '@libp2p/websockets'

/** What carries connections in a page, which can listen to none. */
export const platformTransports = [webSockets()]
