/** The version of the codes that are made here, 1 to 9. */
export const codeVersion = 1

/** Bytes of the checksum of a code: one mistyped code in 4 billion passes. */
export const codeChecksumBytes = 4

/** Bytes in a code: a call with the longest proof of who is host, and what surrounds it. The length in front takes no more. */
export const codeBytes = 65_535

/** Characters of a text that is looked at for a code: the longest code with every character on a line of its own. */
export const codeTextLength = 262_144

/** Places in a text that are tried: a code that was quoted in its own reply, and some talk of codes. */
export const codePlaces = 16

/** Bytes of the nonce of a host, the name of a route, and the digest of a session's id. */
export const challengeBytes = 16
export const routeNameBytes = 8
export const sessionTagBytes = 8

/** Messages in one code, and codes of one side on one route: joining takes one of each. */
export const messagesPerCode = 64
export const codesPerRoute = 255

/**
 * How long a code is good for, ms: what people take to see a message, copy and paste it. By then the way that a home router keeps
 * open for an offer is most often closed (30 s to some minutes).
 */
export const codePatienceMs = 5 * 60_000

/** How long what is said at the same moment is gathered for one code, ms. */
export const gatherCodeMs = 5

/** Routes that a host holds at a time: as many joiners as its session answers at once, twice. */
export const manualRoutes = 64

/** Names of routes that are over, kept to say of a code that it was used: 8 bytes each. */
export const endedRoutes = 1_024

/** Calls taken here that are kept: sessions that a person may be about to join. */
export const takenCalls = 16

/** Characters of the invite in a call: the longest has about 2,400. */
export const inviteLength = 4_096
