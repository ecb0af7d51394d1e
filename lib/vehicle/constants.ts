/** Ticks per second where the embedding program sets none: a surprise waits 50 ms at most, which is less than it travels. */
export const defaultUpdateRate = 20
/** Ticks per second an embedding program may ask for. */
export const minUpdateRate = 1
export const maxUpdateRate = 30

/**
 * Gap between two updates of a vehicle that stands, ms: two in a row may be lost before it fades; less than between the
 * heartbeats that they stand in for.
 */
export const parkedEveryMs = 450

/**
 * How often a recipient whose picture was wrong is told again at the next tick: at 10 % loss, 1 in 100 surprises is
 * seen late instead of 1 in 10.
 */
export const repeatsAfterSurprise = 1

/** Share of its gap after which a vehicle goes along with others in a datagram that is sent anyway. */
export const soonShare = 0.6

/** Gap between two updates of pedals, wheel and engine speed, ms: nobody sees them tremble. */
export const controlsEveryMs = 250

/** How often it is asked anew what a vehicle means to a recipient, ms: a truck drives 12 m meanwhile. */
export const interestEveryMs = 500

/** Gap between two words to a recipient that this side lacks a baseline, ms: about a round trip. */
export const askWholeEveryMs = 200

/**
 * Parts into which one publishing period is cut, each serving its share of the recipients: spreads the bursts
 * of a full convoy over the period, while the timer of a 30 Hz publisher still fires no more often than every 4 ms.
 */
export const publishSlots = 8

/** Order in which slots are given out: bit-reversed, so that the first few recipients are spread evenly. */
export const slotOrder = [0, 4, 2, 6, 1, 5, 3, 7] as const

/**
 * How often "not placed" is published after a vehicle was hidden: at 20 % loss, one receiver in ten million
 * misses all of them (and lets the vehicle fade).
 */
export const hideRepeats = 10
/** Gap between two of these, ms. */
export const hideEveryMs = 100

/**
 * The greatest age a sample is stamped with, ms: far above what prediction uses, far below the 35 minutes at
 * which the 24-bit time would become ambiguous.
 */
export const maxStampedAgeMs = 60_000

/** Age up to which a sample is predicted in full at least, ms: two updates in a row lost at four a second, and 250 ms under way. */
export const minFullPredictionMs = 1_000
/**
 * And at most, ms. In between it is twice the time between the two newest samples, so that a slow sender's vehicle
 * doesn't falter between updates.
 */
export const maxFullPredictionMs = 2_000

/** After that the predicted motion slows down evenly to a halt over this time, ms. */
export const slowDownMs = 1_000

/** Silence after which a vehicle fades, ms: when its link turns suspect. */
export const fadeAfterMs = 1_500

/** Time from there until nothing is left of it, ms: a killed peer is gone from the road in three seconds. */
export const fadeOutMs = 1_500

/** Time to fade in, ms: short, but no pop. */
export const fadeInMs = 250

/**
 * Stiffness of the spring that takes up corrections, 1/s: 95 % of one is gone in 0.3 s. Stiffer shows each
 * correction as a jerk, softer lets corrections of successive updates pile up.
 */
export const correctionStiffness = 15

/**
 * The spring is softened where a correction would move the vehicle faster than this, m/s: 3 cm between two frames of 60 a
 * second, which beside a moving truck isn't noticed.
 */
export const maxCorrectionSpeed = 2

/** A correction beyond this is a cut, m: sliding a truck by more than its length looks worse. */
export const cutDistance = 20

/** How far a sample may lie from what its predecessor foretold before it counts as a teleport, m… */
export const teleportSlack = 5

/** …plus what this unforeseen acceleration explains in the time between the two, m/s²: an emergency stop. */
export const teleportAcceleration = 20

/** A turn beyond prediction that counts as a teleport, in turns: a truck can't spin by 45° between updates. */
export const teleportTurn = 1 / 8

/** How fast the clock offset used for display follows the measured one, ms per ms: 5 % of speed isn't seen. */
export const clockSlewRate = 0.05

/** A jump of the measured offset beyond this is adopted at once, ms: a clock was set, or a path changed. */
export const clockJumpMs = 400

/** One-way delay beyond which an update is dropped, ms: the tail of a blackout, arriving in a burst. */
export const maxDelayMs = 1_000

/** How much later than its datagram's sending a sample may claim to be, ms: both are rounded, no more. */
export const maxAheadOfSendingMs = 10

/** How far a sample is predicted back, ms, when the clock offset of a lopsided path puts it in the future. */
export const maxRewindMs = 250
