/** Longest wait for the next message of a knock, ms: PBKDF2 on a slow phone takes about two seconds. */
export const knockStepTimeoutMs = 10_000

/** Longest wait for a load order, and for its verdict, once the link is open, ms. */
export const loadOrderTimeoutMs = 10_000

/** How long the slot of a member that was lost or left stays its own, ms: a crash and a restart of the game. */
export const slotReservationMs = 60_000

/** Messages opened per second, and at once, on one route: the candidates of two attempts at a link, and some. */
export const routeMessagesPerSecond = 20
export const routeMessagesAtOnce = 160

/** How long the `admit` hook of an embedder may take, ms: less than the joiner waits for its verdict. */
export const admitHookTimeoutMs = 9_000

/**
 * How long both go on connecting once their route is closed, ms: a joiner closes it as soon as its own end of the link
 * is open, a round trip before the host's may be; the service may have died with all signals across. Who gave up never comes.
 */
export const routeClosedGraceMs = 3_000

/**
 * How long a joiner goes on connecting once people have carried the host's answer to it, ms: as long as the engines of the other
 * side go on asking.
 */
export const carriedLinkMs = 40_000

/** Messages that do not fit which a route may bring before the host hangs up: a service may inject a few. */
export const badMessagesPerKnock = 8

/** How long a ticket lasts, ms: longer than any evening's drive, short enough to be worthless to a finder. */
export const ticketLifetimeMs = 24 * 3_600_000

/** How often a host issues tickets anew, ms: two hosts may die just before they would have, and the third is in time. */
export const ticketRenewalMs = 6 * 3_600_000

export { entryLifetimeMs } from '../identity/index.ts'

/** How far a signed signal may lie in the past, ms: it is used at once or never. */
export const signalLifetimeMs = 60_000

/** How long an announcement holds, ms; renewed at a third of that. */
export const announcementLifetimeMs = 15 * 60_000

/** Waits before dialling a member again whose link broke, ms; the last one repeats. Each is jittered by ±25 %. */
export const redialBackoffMs = [1_000, 5_000, 15_000] as const

/** Number of the dial that signals of a link name which came about over a route: dials are counted from 1. */
export const adoptedDial = 0

/** Neighbours that are asked to bring a signal where the host can't: some have no link to the addressee either. */
export const relaysAsked = 3

/** Of {@link redialBackoffMs}, how many count while the host is gone: an election may wait for the one that is dialled. */
export const urgentBackoffs = 2

/** Bytes of record entries per control message, and of one entry: leaves room for the message around them. */
export const entriesMessageBytes = 50_000

/** Bytes of a load order: leaves room for the entry around it. 500 mods of 90 bytes each, or 220 with checksums. */
export const loadOrderBytes = entriesMessageBytes - 512

/**
 * Bytes of the entries that are held at once: as much as a link takes at once. Snapshots keep them to a twentieth of that; where
 * none comes about, with half of it since the last one nobody new gets in, so that those inside can go on.
 */
export const recordBytes = 4_000_000

/** What who comes meanwhile is told to wait, ms: a voter that confirms nothing has been taken off by then. */
export const snapshotWaitMs = 10_000

/** Control messages, and bytes of them, that may wait to be acted on: twice the longest record. */
export const inboxMessages = 4_000
export const inboxBytes = 2 * recordBytes

/** How long a member may take to show its ticket once its link is open, ms. */
export const helloTimeoutMs = 10_000

/**
 * How long a side that said its last word waits for the other to close the link, ms: a link that is closed drops
 * what is still under way, and a control message that was lost is repeated after up to a second.
 */
export const lastWordMs = 1_000

/**
 * Signatures that one member may make another one check per window: the candidates of a dial, some dials a
 * minute, the tickets.
 */
export const peerVerifications = { perSource: 200, windowMs: 10_000 } as const

/**
 * Silence after which a member counts as lost, ms: ten seconds for an outage, five to come back after it. A crash
 * keeps its place in the roster that long; its vehicle fades at once.
 */
export const graceMs = 15_000

/**
 * Seconds' worth of its rate that a member may send in a burst: what waited for as long as a link may be silent, and
 * what it was allowed to send at once.
 */
export const burstSeconds = graceMs / 1_000 + 1

/**
 * Messages that a sender may send per second, and at once, on all channels without a rate of their own ([CHN-1]): a
 * person types one, bots more.
 */
export const sharedChannelRate = 50

/**
 * How long a host waits for another link to a member whose link was closed, ms: two may come about at once, and the other side
 * closes the one that this side took.
 */
export const replacedMs = 500

/** Links between members outlive their connections. */
export const memberLinkTimings = { deadMs: graceMs } as const

/** Channels of the embedding program begin with this, so that they never clash with the library's own. */
export const embedderChannelPrefix = 'app/'

/**
 * Channel messages, and bytes of them, kept for a handler that isn't there yet: what others say while the
 * embedding program still waits for `joinConvoy`.
 */
export const earlyChannelMessages = 256
export const earlyChannelBytes = 1_048_576

/** Links with the host are watched more closely than others, since succession depends on them. */
export const hostLinkTimings = { heartbeatMs: 250, suspectMs: 750, deadMs: graceMs } as const

/**
 * Waits between attempts to come back after the host was lost, ms, each jittered by ±25 %; the last one repeats: with it
 * and an attempt that works, who may come back has done so within 5 s. One attempt costs a service three frames.
 */
export const rejoinPausesMs = [1_000, 2_000, 3_000] as const

/** The wait where no rendezvous was reached, ms: nobody is asked then, and it is most likely this side's network. */
export const unreachedPauseMs = 1_000

/** How long that goes on, ms: a meal, a restart of the router. */
export const rejoinEagerMs = 10 * 60_000

/** The wait then, ms: an evening's worth of them must not weigh on a service that a host has left for good. */
export const rejoinTirelessPauseMs = 15_000

/** Wait between two looks for a meeting point, ms: a link whose host is silent lasts but a few of them. */
export const searchPauseMs = 3_000

/** A return that lasts this long, ms, counts: a link that breaks sooner is waited for as if it had failed. */
export const rejoinSteadyMs = 60_000

/**
 * How long an attempt may take to find a way to the host, ms: longer than any handshake, shorter than the gap in which
 * TCP, after a few lost ones, no longer notices that the network is back.
 */
export const rejoinReachMs = 5_000

/** How long the host may take for its first answer then, ms: it has only to read the knock. */
export const rejoinAnswerMs = 4_000

/** Attempts at the link then: short, since the next way to the host may be the better one. */
export const rejoinLinkTimings = { attemptMs: 6_000, attempts: 2 } as const

/** How long a route that was opened to dial the host again serves one, ms: two attempts at a connection. */
export const resumeRouteMs = 6_000

/** Pause before the host is dialled once more, ms: as short as a service bears from a convoy that lost its host. */
export const resumePauseMs = 1_000

/** Messages that one member has others pass on per second, and at once: chat to all of 24 that it has no link to. */
export const passesPerSecond = 40
export const passesAtOnce = 120

/** Bytes that a member passes on for one other per second, and at once: ten times what people write. */
export const passedBytesPerSecond = 32_000
export const passedBytesAtOnce = 256_000

/** Messages that wait to be signed or checked, at each end: each costs up to 20 ms where no native Ed25519 is present. */
export const passedMessagesWaiting = 200

/** How far a message that was passed on may lie in the past, ms. */
export const passLifetimeMs = 60_000

/** How long a neighbour that had no link to a member is not asked to pass anything on to it, ms. */
export const passRefusalMs = 2_000

/**
 * Channels on which neighbours speak to each other: who passes messages on, forwards vehicles, signs evidence, and hands
 * reports in. What is said on them counts on a link only.
 */
export const passChannel = 'pass'
export const forwardChannel = 'forward'
export const evidenceChannel = 'evidence'
export const reportChannel = 'report'
export const linkOnlyChannels: ReadonlySet<string> = new Set([
  passChannel,
  forwardChannel,
  evidenceChannel,
  reportChannel,
])

/** How long a host that closes waits for a successor, ms: a round of entries and one of votes on a slow path. */
export const handOverMs = 1_500

/** Wait before a host that hears too few voters tries again to record who went, ms. */
export const undecidedPauseMs = 300

/**
 * How long what somebody asks a host for waits until it can be decided on, ms: twice an election, and as long as a decision
 * waits for those who confirm it.
 */
export const askedPatienceMs = 5_000

/** How often it looks whether it can, ms: as often as authority looks around. */
export const ableLookMs = 100

/** How long an admission waits until it can be decided on, ms: less than a joiner waits for the verdict on its load order. */
export const admissionPatienceMs = 8_000
