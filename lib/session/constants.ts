/** Longest wait for the next message of a knock, ms: PBKDF2 on a slow phone takes about two seconds. */
export const knockStepTimeoutMs = 10_000

/** Longest wait for a load order, and for its verdict, once the link is open, ms. */
export const loadOrderTimeoutMs = 10_000

/** How long the slot of a member that was lost or left stays its own, ms: a crash and a restart of the game. */
export const slotReservationMs = 60_000

/** Knocks that a host answers at once: more would let strangers fill its memory. */
export const concurrentKnocks = 32

/** Messages that do not fit which a route may bring before the host hangs up: a service may inject a few. */
export const badMessagesPerKnock = 8

/** How long a ticket lasts, ms: longer than any evening's drive, short enough to be worthless to a finder. */
export const ticketLifetimeMs = 24 * 3_600_000

/** Record entries outlive every session; an envelope needs an end all the same: ten years, ms. */
export const entryLifetimeMs = 10 * 365 * 24 * 3_600_000

/** How far a signed signal may lie in the past, ms: it is used at once or never. */
export const signalLifetimeMs = 60_000

/** How long an announcement holds, ms; renewed at a third of that. */
export const announcementLifetimeMs = 15 * 60_000

/** Waits before dialling a member again whose link broke, ms; the last one repeats. Each is jittered by ±25 %. */
export const redialBackoffMs = [1_000, 5_000, 15_000] as const

/** Bytes of record entries per control message: leaves room for the message around them. */
export const entriesMessageBytes = 50_000

/** Signals that a host relays for one member per second: a full mesh of 24 with trickled candidates needs ~20. */
export const relayedSignalsPerSecond = 200

/** Channel messages accepted from one member per second: a person types one, bots and floods more. */
export const channelMessagesPerSecond = 50

/** Links with the host are watched more closely than others, since succession depends on them. */
export const hostLinkTimings = { heartbeatMs: 250, suspectMs: 750 } as const
