/** The DNS-SD type of the service: frames of a rendezvous over TCP. */
export const serviceType = '_openconvoy._tcp.local'

/** UDP port of multicast DNS (RFC 6762). */
export const mdnsPort = 5_353

/** The version of what is advertised and of how frames travel over TCP. */
export const lanVersion = 1

/** Bytes of the digest of a session's id, by which its friends find it and nobody else recognises it. */
export const lanTagBytes = 8

/** How long others may believe an advertisement, s: what RFC 6762 names for records with a host's name in them. */
export const recordTtlS = 120

/** An advertisement is sent again after this long, ms: twice is what RFC 6762 asks for at least. */
export const announceAgainMs = 1_000

/** Shortest time between two answers to questions, ms: as quick as joiners ask, and no more however many do. */
export const answerEveryMs = 250

/** When a joiner asks, ms after it began: a lost question is asked again soon, a network that is slow to wake later. */
export const askAtMs = [0, 250, 1_000, 2_000] as const

/** How long a joiner looks for a session, and somebody who lists for any, ms: neighbours answer within some ms. */
export const reachWithinMs = 3_000
export const browseWithinMs = 1_000

/** How long one neighbour may take to answer, ms. */
export const neighbourMs = 2_000

/** Messages of multicast DNS looked at per second, and at once: a LAN party of 50, and what its televisions say. */
export const packetsPerSecond = 50
export const packetsAtOnce = 200

/** Records looked at in one message. */
export const recordsPerPacket = 64

/** Neighbours that are dialled for one question, and connections to neighbours that are kept. */
export const neighboursTried = 16

/** Network interfaces that are used: an Ethernet, a Wi-Fi, some VPNs and virtual machines. */
export const mostInterfaces = 8

/** Connections that a host takes at once: a LAN party; and bytes that may wait to be read by one of them. */
export const lanConnections = 64
export const lanBufferedBytes = 512 * 1_024

/** How long a connection that was cut may take to close, ms. */
export const lanCutGraceMs = 500

/** Sessions told of in one message: about 200 bytes each, and what is larger than a packet gets lost on Wi-Fi. */
export const sessionsPerPacket = 5
