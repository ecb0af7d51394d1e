/**
 * Silence of the host after which a voter stands for its place, ms: three times what a lost datagram and its repeat take on
 * a slow path, and a host that is only busy is back by then.
 */
export const electionMs = 1_500

/** Silence after which voters ask each other about it, ms: the answers are there when {@link electionMs} are over. */
export const probeMs = 1_100

/** Contact with a voter that is older than this, ms, is none: a host without a majority of them decides nothing. */
export const leaseMs = 1_500

/** How often authority looks around, ms: adds to how long an election takes. */
export const lookMs = 100

/** How often a host without a witness looks for one, ms: a service may be back, or another one known. */
export const witnessLookMs = 30_000

/** How often a host makes sure that its witness still knows the voters, ms: one frame each time. */
export const witnessCheckMs = 5 * 60_000

/** How long a candidate of two waits for the other's vote before it asks the witness, ms: that has but one to give. */
export const witnessDelayMs = 300

/** How long it then waits for the witness, ms: a connection to a service has to come about. */
export const witnessAnswerMs = 6_000

/** How long a candidate waits for votes, ms: three round trips of a slow path. */
export const standMs = 800

/** How long a probe waits for answers, ms. */
export const probeAnswerMs = 500

/** How long a candidate lets one that is fitter go first, ms: a round of votes on a slow path. */
export const deferMs = 350

/** Least and most wait after an election that nobody won, ms, at random: of two that split the votes one is first. */
export const retryMs = [200, 700] as const

/** How long a voter may be out of reach before another takes its place, ms: two outages of the usual kind. */
export const voterGraceMs = 5_000

/** How long a member has to be linked before it votes, ms: a friend whose game crashes on start is not worth two entries. */
export const voterProbationMs = 1_000

/** How long a hand-over may take, ms: the successor catches up and collects votes. */
export const transferMs = 4_000

/** How long a decision waits for a majority before its author is told, ms. It may still come into force. */
export const decisionMs = 5_000

/**
 * How long a voter that is heard may take to confirm an entry, ms, before its link is dialled again: several round trips of a
 * slow path, and half of what a decision waits.
 */
export const slowVoterMs = 2_000

/** How far ahead of its own an epoch may be that a member believes another one's word on: no peer may use them up. */
export const mostEpochsAhead = 1_000

/** Silence of the host after which members say that nobody decides, ms: two elections would have been held by then. */
export const frozenMs = 4_000

/** Who was not heard for longer than this, ms, is not made a voter now: a decision that waits for it might never be made. */
export const freshMs = 600

/** Silence of the host after which a voter would vote for another, ms: its link is suspect by then. */
export const suspectedMs = 750

/**
 * How long a member goes without any link to the host, or a host without one to enough voters, before it looks for the
 * session elsewhere, ms: links between members are dialled again within half of that.
 */
export const unlinkedMs = 2_000

/**
 * How long who decides and who votes must have been the same before it is attested, ms: after a change of host the voters change
 * several times within seconds, and each attestation is a signature.
 */
export const certifyAfterMs = 2_000

/** How often a host looks whether there is something to attest, ms: nobody waits for it. */
export const certifyLookMs = 1_000

/** How long after it was asked in vain a member is asked for its attestation again, ms: it may have lagged behind. */
export const attestAgainMs = 10_000

/**
 * Silence of the host, ms, after which a member looks for a meeting point though it still has a link: three elections would have
 * been held, so those who should have held them may have lost each other.
 */
export const hostSilentMs = 6_000
