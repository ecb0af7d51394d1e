/** Round trips until both channels are open: one of ICE checks, two of DTLS 1.2, one of SCTP's four-way handshake. */
export const handshakeRoundTrips = 4

/** Wait before a lost step of the handshake is repeated, ms: ICE repeats its checks after 500 ms. */
export const handshakeRetryMs = 500

/** Blackout after which a connection fails, ms: measured on node-datachannel. */
export const blackoutFailureMs = 12_000

/** Wait before a lost control message is repeated, beyond the round trip, ms; doubles up to the second value. */
export const controlRetryMs = 200
export const controlRetryAtMostMs = 3_000

/** Payload bytes of one SCTP packet: larger control messages go in several, each of which may be lost. */
export const packetBytes = 1_150

/** Datagrams that wait for a frozen process: about what a socket's default receive buffer of 208 KiB holds. */
export const frozenDatagrams = 1_000

/** A queue in front of a slow path that would take longer than this overflows, ms: a bloated home router. */
export const longestQueueMs = 1_000

/** Longest one-way delay that conditions may ask for, ms: beyond it nothing works, and timers have limits. */
export const longestDelayMs = 60_000
