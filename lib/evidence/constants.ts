import { limits } from '../protocol/index.ts'

/** How long evidence is kept, ms: whoever was wronged has a minute to say so. */
export const evidenceKeptMs = 60_000

/** Samples kept of one member: a minute of the fastest publisher, 30 a second. */
export const samplesKept = 1_800

/** Members, present and gone, of whom evidence is kept: all of a convoy. With a hundred kilobytes each, six megabytes. */
export const tracksKept = limits.convoyMembers

/** Messages kept of one member, and bytes of them: a minute of somebody who talks without a break. */
export const messagesKept = 64
export const messageBytesKept = 32_768

/**
 * Gap between two digests to one member, ms. One costs some 650 bytes on the wire, of which two thirds don't depend on how
 * long it covers: one a second to each of seven others would take half as much again as the vehicles themselves.
 */
export const digestEveryMs = 5_000

/** Time until the first digest to a member, ms: what a new line takes is felt out first, and joining has much to say. */
export const firstDigestMs = 10_000

/** Digests kept of one member: a minute's, the one that began before, and one that came early. */
export const digestsKept = 14

/** Samples of one digest: 5 s at 30 a second, and as many again for a timer that is late. */
export const samplesPerDigest = 300

/** Messages that one digest names; of more only the newest. */
export const messagesPerDigest = 64

/** Bytes of a message's hash, as of a sample's. */
export const messageHashBytes = 8

/** Members that one member signs digests for: as many as it has links with at most. */
export const askersAtMost = 24

/** How often it is looked whether a digest is due, ms: one is signed at a time, so that tweetnacl's 6 ms don't add up. */
export const signingTickMs = 250

/** How long a line that was full must not have been so before digests go over it, ms: it is felt out what it takes. */
export const strainedForMs = 10_000

/** How often members are chosen anew that are asked for digests, ms: a truck drives 50 m meanwhile. */
export const reviewEveryMs = 2_000

/** Vehicles that digests are asked of, the nearest: who else can have harmed whom? */
export const vehiclesAsked = 8

/** Metres within which: a truck at 90 km/h needs ten seconds for them. */
export const askedWithinMetres = 300

/** By how much nearer another vehicle must be to take the place of one that is asked already. */
export const askedBonus = 0.8

/** Members that are asked since they spoke, and for how long after, ms. */
export const speakersAsked = 8
export const speakersAskedMs = 30_000

/** Messages about evidence taken from one member per second, and at once: a digest every 5 s, and questions. */
export const evidenceMessagesPerSecond = 2
export const evidenceMessagesAtOnce = 20

/** Digests that wait to be checked. */
export const digestsWaiting = 32

/** Bytes of a report's file: two hours of a slow phone's storage quota are worth more, a clip takes a third of it. */
export const reportBytes = 1_048_576

/** Of it, what the reporter signs: the rest is for an appeal and what holds both. */
export const reportBodyBytes = reportBytes - 16_384

/** Characters of what the reporter says, and of an appeal. */
export const reportTextLength = 1_000

/** Seconds that a report shows where nothing else is asked for: what led to it, and it. */
export const reportSeconds = 30

/** Vehicles in a report besides the subject's and the reporter's, and metres within which they came to the subject. */
export const bystandersShown = 8
export const bystanderMetres = 200

/** How long a report holds, ms: as its digests. */
export const reportLifetimeMs = 90 * 24 * 3_600_000

/** Bytes of one part of a report under way, and the gap between two, ms: 320 kbit/s, so that driving goes on beside it. */
export const partBytes = 8_192
export const partEveryMs = 200

/** How long a report that is under way may bring nothing before it is given up, ms; and how long its end is waited for. */
export const partPatienceMs = 20_000

/** Reports that come in at a time: four megabytes at most. */
export const reportsUnderWay = 4

/** Reports taken from, and sent by, one member per second, and at once: three, then one in two minutes. */
export const reportsPerSecond = 1 / 120
export const reportsAtOnce = 3

/** Reports taken from all together per second, and at once: a flood by many must not fill a disk. */
export const reportsInAllPerSecond = 1 / 10
export const reportsInAllAtOnce = 20

/** Messages taken from one member on the reports' channel per second, and at once: those of two reports. */
export const reportMessagesPerSecond = 10
export const reportMessagesAtOnce = 300
