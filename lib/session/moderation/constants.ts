/** How long who was kicked may not knock where nothing else is said, ms: long enough to cool down or to be talked about. */
export const coolOffMs = 60_000

/** The most, ms: whoever is to be away for longer is banned. */
export const mostCoolOffMs = 24 * 3_600_000

/** The longest ban or mute that ends, ms: ten years, as long as entries last. */
export const mostLastingMs = 10 * 365 * 24 * 3_600_000

/** How far a signed request may lie in the past, ms: it is carried out at once or never. */
export const requestLifetimeMs = 60_000

/** Bytes of a signed request: the largest asks for all rules at once, with texts and lists at their longest. */
export const requestBytes = 12_288

/**
 * How long who asked waits for the host's answer, ms: longer than the host may wait until it can decide, a decision may take, and
 * the way there and back.
 */
export const requestTimeoutMs = 12_000

/** Requests taken from one member per second, and at once: a person at a list of members makes fewer. */
export const requestsPerSecond = 2
export const requestsAtOnce = 20

/** The longest that a timer is set for, ms: what ends later is looked at again by then. */
export const longestWaitMs = 24 * 3_600_000

/** Offences that a member may commit per second, and at once, before it is quarantined: one busy moment is no flood. */
export const offencesPerSecond = 5
export const offencesAtOnce = 200

/** What it counts for when a link dropped datagrams as too many since it was last looked at: ten seconds on end are too long. */
export const floodedOffences = 50

/** How long the first quarantine lasts, ms; each further one twice as long, up to the most. */
export const quarantineMs = 30_000
export const mostQuarantineMs = 10 * 60_000

/** Control messages taken from a member in quarantine per second, and at once: enough to talk and to make links. */
export const trickle = { perSecond: 2, atOnce: 10 } as const

/** How long after its end a quarantine is remembered, ms: who floods again by then stays longer. */
export const quarantineMemoryMs = 30 * 60_000

/** Members whose offences are remembered, present or not: more than have been here at once. */
export const rememberedOffenders = 256

/** How often links are looked at for that, ms: each look asks every link. */
export const floodLookMs = 2_000

/** Invites that a record knows besides the founder's: one for each circle of friends. */
export const mostInvites = 256

/**
 * Bans at once, of 200 bytes each in a snapshot, which newcomers are handed: with a full list nobody is banned before one is
 * lifted, or has ended.
 */
export const mostBans = 2_000

/** Keys that are muted at once, likewise. */
export const mostMuted = 256

/** Keys that were given a role, members or not: far more than moderate a convoy. */
export const mostGrants = 512

/**
 * Requests remembered by id, so that none is carried out twice. A request counts for a minute: this many in a minute are more
 * than moderators make. One that was made before the last that was forgotten is refused, for it may be that one.
 */
export const mostCarriedOut = 1_024
