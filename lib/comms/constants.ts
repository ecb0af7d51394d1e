/** Kind of a state payload that carries a message of a channel; vehicles have 1. */
export const channelPayloadKind = 2

/** Bytes of one message where the embedding program sets none: a short record of names and numbers. */
export const defaultChannelBytes = 1_024

/** Bytes a reliable message may be allowed: leaves room in a control message for 64 addressees around it. */
export const mostReliableBytes = 48_000

/** Bytes an unreliable message may be allowed: a datagram's payload without kind and the longest name. */
export const mostDatagramBytes = 1_100

/** Messages a second where the embedding program sets none: as often as vehicles, twice over. */
export const defaultChannelRate = 20

/** Messages a second that all channels of a kind may add up to, well within what a link takes before it calls it a flood. */
export const mostReliableRate = 400
export const mostDatagramRate = 100

/**
 * Seconds' worth of datagrams taken at once: links drop what is later than a second, and a sender may send as much
 * at once as in a second.
 */
export const datagramBurstSeconds = 2

/** Messages kept for a listener that isn't there yet. */
export const unheardMessages = 64

/** Changes of a profile per second, and at once: a person at a form makes fewer. */
export const profileChangesPerSecond = 1
export const profileChangesAtOnce = 5

/** Profiles taken from one member at once: its changes, and one more for each link that was made anew. */
export const profilesAtOnce = 4 * profileChangesAtOnce

/** Bytes of a profile: 144 characters of up to four bytes, and the names of the fields. */
export const mostProfileBytes = 640
