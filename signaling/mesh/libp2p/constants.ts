import { meshVersion } from '../constants.ts'

/** Protocols of the streams between two services. */
export const streamProtocols = {
  feed: `/openconvoy/mesh-feed/${meshVersion}`,
  route: `/openconvoy/mesh-route/${meshVersion}`,
} as const

/** The gossipsub topic on which services say where they are. */
export const meshTopic = `openconvoy/mesh/${meshVersion}`

/** The topic of public sessions whose hosts have no service: passed on between peers of the libp2p rendezvous. */
export const lobbyTopic = 'openconvoy/sessions/1'

/** Bytes of a message that gossipsub passes on: of the lobby an announcement with its proof. */
export const gossipBytes = 16_640

/** How often a service says where it is, ms: one that appeared is known to all within that, and to its neighbours at once. */
export const greetingMs = 10_000

/** How often one service may say so at most, ms: a little less, since timers are late at times. */
export const greetingGapMs = 2_000

/** Addresses that a service says it has, and bytes of each: some interfaces, two families, TCP and WebSocket. */
export const greetingAddresses = 8
export const addressBytes = 160

/** How long dialling another service may take, ms: a TLS handshake over a slow link. */
export const dialMs = 8_000

/** How long closing a stream waits for the other end to close it too, ms: a slow round trip. */
export const closeGraceMs = 1_000

/** Frames of a stream that are read ahead, 64 KiB of the largest; with more its sender is held back. */
export const readAheadFrames = 4

/** What the libp2p side may take. Every limit is an option. */
export interface Libp2pLimits {
  /** Connections altogether: of services, and of peers that use the libp2p rendezvous. */
  connections: number
  /** New connections per second from one address. */
  connectionsPerSecond: number
  /** Connections that are negotiated at once. */
  pendingConnections: number
  /** Peers that others may reach over this relay at once. */
  reservations: number
  /** What one relayed connection may carry, bytes each way, and for how long, ms. */
  relayedBytes: number
  relayedMs: number
}

/** See {@link Libp2pLimits}. */
export const defaultLibp2pLimits: Libp2pLimits = {
  // About 64 KiB each with noise, yamux and gossipsub (measured), so 130 MB.
  connections: 2_000,
  // libp2p allows 5: behind a carrier's NAT, at a LAN party and on a test machine many arrive at once.
  connectionsPerSecond: 64,
  // libp2p allows 10: after a restart everybody comes back within a second, and a slow handshake takes three.
  pendingConnections: 256,
  // libp2p allows 15. Each is a connection that is held anyway, so half of these.
  reservations: 1_000,
  // libp2p allows 128 KiB and 2 min. Joining takes some 30 KiB; two SDPs of the largest kind and retries fit ten times.
  relayedBytes: 1_024 * 1_024,
  // A host may take minutes to decide about somebody by hand; what drives runs over direct links.
  relayedMs: 600_000,
}

/**
 * Neighbours in gossipsub that a service passes everything on to at once: as many as are likely to hang on one service, so that its mesh covers its
 * leaves (with gossipsub's 6 to 12 some of 60 waited for seconds, with these 59 of 59 had it in 34 ms). The high mark leaves room to grow before it prunes.
 */
export const gossipDegrees = { D: 64, Dlo: 48, Dhi: 128, Dscore: 16, Dout: 16 } as const
