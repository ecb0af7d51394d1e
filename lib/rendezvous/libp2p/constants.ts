import { frameVersion } from '../frames.ts'

/** The protocol of the streams that carry rendezvous frames ([P2P-4]); its number is the frames' own. */
export const rendezvousProtocol = `/openconvoy/rendezvous/${frameVersion}`

/** Protocol of the distributed hash table: one of our own, whose nodes all know what is asked of them. */
export const kadProtocol = '/openconvoy/kad/1.0.0'

/** The topic of public sessions ([P2P-14]). */
export const lobbyTopic = 'openconvoy/sessions/1'

/** Streams of {@link rendezvousProtocol} that one connection may have at once: one is used, and one more while it is replaced. */
export const streamsPerConnection = 8

/** Bytes that may wait for a reader before its stream is cut: what a signaling service allows as well. */
export const bufferedBytes = 512 * 1_024

/** Bytes of one WebSocket message from a stranger: noise sends at most 64 KiB at once, and yamux in frames of that size. */
export const webSocketBytes = 256 * 1_024

/**
 * How long libp2p tries one address of a peer before the next, ms: one after the other. As long as a TLS handshake over a
 * satellite link.
 */
export const addressDialMs = 3_000

/** How long closing a stream waits for what is under way, ms: a slow round trip. */
export const closeGraceMs = 1_000

/** Bytes that noise and yamux add to a frame at most: two headers, and a tag for each 64 KiB. */
export const framingBytes = 128

/** Addresses that a peer asks at once, of what invites name: as many as one invite holds, four times. */
export const followedAddresses = 32

/** Addresses of a peer that go into an invite: what is left of its eight hints belongs to other rendezvous. */
export const addressesInInvite = 5

/** Peers of which one search in the hash table asks: more would only be answers of strangers. */
export const providersAsked = 8

/** Sessions of the lobby that are remembered, as many as a service lists; about 3 KiB each. */
export const lobbySessions = 200

/** Bytes of a message of the lobby: an announcement, its proof, and what is around them. */
export const lobbyMessageBytes = 16_640

/** Signatures of the lobby that one neighbour may have checked each minute: a full lobby beats 600 times. */
export const lobbyChecksPerMinute = 1_200

/**
 * Reservations that a peer makes at once: all of them, since libp2p forgets those that wait for their turn as soon as the
 * first one is made, and whoever asked for them waits for ever.
 */
export const reservationsAtOnce = 32

/** Connections of a relay: about 50 kB each with noise, yamux and a reservation (measured), so 50 MB. */
export const relayConnections = 1_000

/**
 * Reservations of a relay. libp2p allows 15, one evening's convoys of a small community; each is a connection that is
 * there anyway.
 */
export const relayReservations = 512

/**
 * Bytes that one relayed connection carries, and how long, ms: joining takes 9 kB (measured) and seconds, a long load order and a host
 * that decides by hand some more.
 */
export const relayedBytes = 1_024 * 1_024
export const relayedMs = 10 * 60_000

/**
 * New connections a second from one address. libp2p allows five; behind a carrier's NAT or on a test machine a whole
 * convoy arrives at once.
 */
export const connectionsPerSecond = 100

/** Connections that a node negotiates at once; libp2p's 10 are fewer than a restarted relay's hosts. */
export const pendingConnections = 128

/** How long a relay that refused is left alone, ms: reservations last an hour, connections minutes. */
export const refusedRetryMs = 60_000

/** Periods without a beat after which a session is no longer listed. */
export const missedBeats = 3

/** Waits of the libp2p rendezvous, ms. All can be set, e.g. shorter in tests. */
export interface Libp2pTimings {
  /** Until a peer has to be connected, and to have said welcome. */
  connectMs: number
  /** How long the answer of a peer that is not the host itself waits for the host's own. */
  directGraceMs: number
  /** After how long the hash table is searched too while the known addresses are still being tried. */
  searchAfterMs: number
  /** How long that search may take. */
  searchMs: number
  /** How long the first list waits for public sessions to be heard. */
  lobbyWaitMs: number
  /** How often a host repeats its listing. */
  lobbyBeatMs: number
  /** How often a host repeats it at most because somebody begins to listen. */
  lobbyAnswerMs: number
  /** Waits before a relay is tried again; the last one repeats. */
  backOffMs: readonly number[]
}

/** See {@link Libp2pTimings}. */
export const defaultLibp2pTimings: Libp2pTimings = {
  // As with signaling services: a TLS handshake over a satellite link takes about 3 s, and a relayed one two more trips.
  connectMs: 8_000,
  // A round trip over a relay.
  directGraceMs: 500,
  // Known addresses answer within a second or do not.
  searchAfterMs: 1_500,
  // A search takes some seconds, and people wait about ten.
  searchMs: 8_000,
  // Hosts tell a new listener as soon as they see it: a few round trips.
  lobbyWaitMs: 1_500,
  // Two in a row may be lost before a session leaves the lists of others, a minute after it was heard last.
  lobbyBeatMs: 20_000,
  // Those who begin to listen meanwhile hear the same answer; 600 B each time.
  lobbyAnswerMs: 3_000,
  // As a client of a signaling service comes back.
  backOffMs: [1_000, 3_000, 5_000],
}

/** How long a peer that did not take a session is left alone, ms; its hosts are found elsewhere meanwhile. */
export const otherPlaceRetryMs = 10_000

/** How long an earlier connection of a peer that has a new one may take to show that it lives, ms: a slow round trip. */
export const probeMs = 2_000
