import type { LinkTimings } from './link.ts'

/** SCTP streams of the pre-negotiated channels; the same on both sides, and never taken by in-band ones. */
export const channelIds = { control: 1, state: 2 } as const

/**
 * Largest IP packet that engines may count on, bytes: tunnels within tunnels leave as little. Engines don't find it out
 * by themselves; what is larger than the path vanishes, as often as it is sent again.
 */
export const pathMtuBytes = 1_150

/** Version in the first four bits of every datagram and control frame. */
export const linkVersion = 1

/** What a link does when nothing else is asked for. */
export const defaultTimings: LinkTimings = {
  // At most two heartbeats a second and side: a quarter of the time in which silence becomes suspicious.
  heartbeatMs: 500,
  // Three heartbeats lost in a row are rare (0.8 % at 20 % loss); updates at 10 Hz and more make it rarer.
  suspectMs: 1_500,
  // Long enough for several probes to be answered on a slow path, short enough to re-dial at once.
  deadMs: 2_000,
  // ICE takes up to 5 s behind awkward routers; engines report failure late (15–30 s) or never.
  attemptMs: 10_000,
  // A handshake broken by loss succeeds at the next attempt; a path that fails five times won't come.
  attempts: 5,
}

/**
 * Gap between two lanes of one attempt, ms, and how many there may be. Good paths connect within a second; on a path with
 * 20 % loss and a round trip of 400 ms half of the handshakes take over 5 s, since their timers double.
 */
export const laneEveryMs = 1_500
export const lanesAtMost = 4

/**
 * How long candidates are waited for where one signal is to hold them all, ms: STUN and TURN answer within a second or two where
 * they do at all.
 */
export const gatherMs = 4_000

/**
 * How often the side that waits for a person to carry its answer is given one more address to ask, ms: libdatachannel closes
 * 39.5 s after the last one was of no avail (measured); others wait by themselves.
 */
export const stayAwakeMs = 20_000

/** Candidates in such a signal: two networks, STUN and TURN over both, and a text that fits into a chat message. */
export const wholeCandidates = 8

/**
 * Sending state pauses after this long, and this many payloads, without an answer, beyond the round trip: what would be
 * sent would age in the engine, and come in a burst when the path is back. At four a second one lost answer is no blackout.
 */
export const pauseMs = 400
export const pausePayloads = 5

/**
 * A state payload is answered within this time: longer than the usual gap between two updates the other way, so that the
 * answer goes along with them, where a datagram of its own would double the packets; shorter than a heartbeat's.
 */
export const answerWithinMs = 450

/** So is a control message, or a second payload: well before a nudge asks, and before a busy sender takes silence for a blackout. */
export const answerSoonWithinMs = 100

/**
 * So is every payload in this time from the first one on, since a clock offset is only as good as the luckiest of the round
 * trips measured. By then there were some twenty each way; later ones need only keep up with drift, and cost packets.
 */
export const answerSoonMs = 4_000

/** Gap between two probes of a suspect link: several fit between suspicion and death. */
export const probeEveryMs = 100

/** Probes that must stay unanswered before a link is dead: a stalled process of our own sends none. */
export const probesBeforeDeath = 4

/** Bytes waiting in the engine above which a datagram is skipped: about one datagram, "not about zero". */
export const skipAboveBufferedBytes = 1_200

/** Datagrams that took this much longer than the fastest lately are dropped: what engines held back in a blackout. */
export const staleAfterMs = 1_000

/** When all datagrams have been stale for this long, a clock has jumped: measuring starts over. */
export const staleResetMs = 3_000

/** Span over which least round trip and least delays are taken: short against clock drift, long against jitter. */
export const minimumWindowMs = 30_000

/**
 * Span over which the least delay tells of a way without a queue: longer, since a queue may stand for minutes; clocks that
 * drift by 50 ppm are 12 ms apart by then.
 */
export const queueWindowMs = 240_000

/**
 * Control frames, and bytes of them, that every side takes per second and at once ([LNK-35]): senders count on it, so
 * receivers may take more, never less. At once: a whole backlog, and again as many bytes as were acknowledged a moment ago.
 */
export const controlContract = {
  framesPerSecond: 1_000,
  framesAtOnce: 2_500,
  bytesPerSecond: 2_097_152,
  bytesAtOnce: 8_388_608,
} as const

/** Frames of that which a sender leaves for nudges and the close, which have no acknowledgement. */
export const framesSpared = 100

/** Bytes of control messages kept for a listener that isn't there yet: as much as may be unacknowledged. */
export const undeliveredBytes = 4_194_304

/** An unacknowledged control message is followed by a nudge after this time, then after twice that, and so on. */
export const nudgeAfterMs = 250
export const nudgeAtMostEveryMs = 2_000

/** Control messages kept until this side is open too: both open within a few round trips. */
export const earlyMessages = 256

/** How long a closing side waits for the other one to hear of it; bounds what close() leaves behind. */
export const closeLingerMs = 250

/** Pause before another attempt: doubles from the first to the last, less up to half at random. */
export const retryFirstMs = 250
export const retryLastMs = 4_000

/** A timer this late tells that the process, or the whole machine, slept: busy ones are late by less. */
export const sleptMs = 2_000

/** How long one attempt at replacing a connection may take: short, since another follows at once. */
export const redialAttemptMs = 3_000

/** Shortest gap between two such attempts: one that fails at once must not make a loop. */
export const redialGapMs = 500

/** Datagrams with which the side that does not initiate asks for another connection: one may be lost. */
export const redialRequests = 3

/** A connection that was replaced stays this long, for what is still under way on it. */
export const retireMs = 1_000

/** Highest number of an attempt: the largest that a signal can name. */
export const highestAttempt = 65_535
