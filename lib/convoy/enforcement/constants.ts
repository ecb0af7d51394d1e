/** How often members, their links and their counters are looked at, ms: nothing that is judged needs less than seconds. */
export const lookEveryMs = 1_000

/** Seen for longer than this without a break is one spell; what lasts is told again so often, ms. */
export const repeatMs = 10_000

/** A vehicle not heard for so long, ms, is not seen: nothing is concluded from the gap. Far ones are told once a second. */
export const unseenMs = 3_000

/**
 * Speed beyond the limit that is nobody's fault: what speedometers and downhill stretches add, as a share of the
 * limit and in km/h.
 */
export const speedTolerance = { share: 0.05, kmh: 5 }
/** How long it has to last, ms: an overtaking that ends. */
export const speedingMs = 5_000
/** Time to slow down once the limit is lowered, ms: from 90 to 50 km/h takes a loaded truck 10 s without haste. */
export const slowDownGraceMs = 15_000
/** What the game's own limiter holds trucks to, km/h, and what gravity may add to that downhill. */
export const limiterKmh = 90
export const limiterSlackKmh = 15

/**
 * Acceleration that no vehicle has for long, m/s². Recorded trucks pull +2.4 and brake −2.7 over a second, an emergency stop is
 * −7; fast cars pull 6 and brake at 11.
 */
export const pullLimit = { truck: 4, bus: 4, car: 8 } as const
export const brakeLimit = { truck: 9, bus: 9, car: 13 } as const
/** How much of it makes a finding, ms: a crash takes 0.3 s. */
export const acceleratingMs = 1_000
/** Acceleration is told from speeds so far apart, ms: less is noise of frame times, more was not seen. */
export const shortestStepMs = 200
export const longestStepMs = 1_000
/** What one step counts for at most, ms: a crash falls into two of them, and must not make a second of it because updates were lost. */
export const stepCountsMs = 400

/** Metres beyond what its speed explains at which a vehicle has jumped: a gap of 0.4 s in clock or path at 40 m/s. */
export const jumpMetres = 15
/** Share of the way by which odometers and velocities differ: a truck's reference point swings out in bends. */
export const explainedShare = 1.05
/** Unseen acceleration, m/s², that explains a way between two samples, up to so many seconds of it. */
export const unseenAcceleration = 4
export const unseenSeconds = 10
/** How long ways are added up before that starts anew, ms: small jumps add up within it, and rounding does not. */
export const jumpWindowMs = 3_000
/** An update this much before its predecessor, ms, means that a clock was set: everything starts anew. */
export const clockSetMs = 100
/** No truck was ever faster, m/s: how far one may come while it is hidden. */
export const fastest = 50

/** A jump that ends standing, m/s, and leads at least so far, m, is a ferry, a service or a fast travel… */
export const journeyEndSpeed = 2
export const journeyMetres = 50
/** …or was seen by nobody: it may have stood in so long a gap, ms… */
export const journeyGapMs = 3_000
/** …of which nobody makes more in so long, ms. */
export const journeysAtMost = 3
export const journeysWithinMs = 10 * 60_000

/** How long a vehicle may drive as a ghost without reason, ms. */
export const ghostingMs = 10_000
/** How long after it came, or jumped, a vehicle may be a ghost, ms: [VEH-67] takes up to 10 s, and more until it leaves the crowd. */
export const arrivalMs = 30_000
/** m/s: slower is standing; and as fast as anybody drives in a service area. */
export const standingSpeed = 1.5
export const serviceSpeed = 17

/** Metres by which who moves moves: shorter is a truck that settles on its springs, or is pushed. */
export const idleMetres = 5
/** What lasts is told again so often while somebody is idle, ms. */
export const idleRepeatMs = 30_000

/** How long the round trip has to be above the limit, ms: a lag spike passes. */
export const slowPingMs = 15_000

/** Messages refused in a second that make it one of flooding, and how many such seconds, ms. Within its budgets nobody has any refused. */
export const floodPerSecond = 10
export const floodingMs = 3_000
/** How long updates of vehicles beyond the quota have to come, ms: who is told that there is no room removes them within a second. */
export const overQuotaMs = 10_000

/** Time to leave, or come back as something else, after the rules exclude what somebody drives, ms. */
export const excludedMs = 60_000

/** Observations in one message, bytes of it, and messages a second and at once from one member: one look's worth. */
export const observationsPerMessage = 32
export const observationBytes = 8_192
export const observationsPerSecond = 1
export const observationsAtOnce = 20

/** Observations that wait to be told; the oldest go first. */
export const observationsWaiting = 64

/** How old an observation may be that counts, and by how much clocks may differ, ms. */
export const oldestMs = 30_000
export const clockSlackMs = 2_000

/** Within how long, ms, members have to say the same of somebody to agree. */
export const agreementMs = 20_000

/** What is seen of somebody within so long of the last offence of a kind, ms, is part of it: told anew, or by others. */
export const sameOffenceMs = 8_000

/** Bytes of a warning, and how many a host may send one member a second and at once. */
export const warningBytes = 256
export const warningsPerSecond = 2
export const warningsAtOnce = 20

/** Pause between two warnings of one kind to one member, ms: enough to read and act. */
export const warnEveryMs = 20_000
