/** Gap between two forwarded updates of one vehicle, ms: 4 a second, with which prediction still drives smoothly. */
export const forwardEveryMs = 250

/** Origins forwarded to one member: as many as fit one datagram with three trailers each. */
export const forwardsPerAsker = 20

/** Forwards of one member for all others together: some 250 kbit/s, digests included, a quarter of a slow uplink. */
export const forwardsInTotal = 60

/**
 * How long a link may take to come about before others are asked, ms: dials take less on most paths. A member that was
 * linked before is asked for at once, since its vehicle is fading.
 */
export const askAfterMs = 2_000

/** Silence after which another forwarder is asked, ms: three periods of the slowest publisher. */
export const forwarderPatienceMs = 3_000

/**
 * How long a forwarder that refused, or brought nothing, is not asked again for the same member, ms: at first, and at
 * most after doubling each time. Links recover within a moment, or not for long.
 */
export const refusalMs = 500
export const longestRefusalMs = 4_000

/** How long a link may be suspect before what came over it is not forwarded any more, ms: most recover at once. */
export const suspectPatienceMs = 500

/** Updates in a row without proof after which another forwarder is asked: ten seconds. */
export const unprovedAtMost = 40

/** How long a forwarder that proves nothing is not asked again for the same member, ms: another may do better. */
export const unprovedRefusalMs = 60_000

/** Messages about forwarding taken from one member per second, and at once: a digest of each origin, and questions. */
export const forwardMessagesPerSecond = 2 * forwardsPerAsker
export const forwardMessagesAtOnce = 6 * forwardsPerAsker

/** Gap between two digests of a member, ms. */
export const digestEveryMs = 1_000

/** Bytes of a sample's hash: nobody finds another state for it within 2^64 tries, and a digest stays small. */
export const sampleHashBytes = 8

/** Samples of one digest: 30 ticks a second in 8 slots, and as many again for a timer that is late. */
export const samplesPerDigest = 480

/**
 * Time that one digest covers at most, ¼ ms: four minutes, far above the minute that a sample may be old when it is sent,
 * and far below the 70 minutes after which times repeat.
 */
export const ticksPerDigest = 2 ** 20

/** Bytes of a signed digest: its hashes, the envelope and the fields around them. */
export const digestBytes = samplesPerDigest * sampleHashBytes + 512

/**
 * How long a digest holds, ms: its span says which second it is about; the time only bounds for how long it can
 * serve as evidence. Moderators look at reports within weeks.
 */
export const digestLifetimeMs = 90 * 24 * 3_600_000

/** Digests of one member that are kept for samples that come after them. */
export const digestsKept = 4

/** How long a sample waits for a digest that covers it, ms: a second until it is signed, the rest for the way. */
export const proofWaitMs = 5_000

/** Digests about one member that are checked per window, whoever brings them: twice as many as it signs. */
export const digestVerifications = { perSource: 20, windowMs: 10_000 } as const

/** Digests that wait to be checked: a second's worth. */
export const digestsWaiting = 2 * forwardsPerAsker
