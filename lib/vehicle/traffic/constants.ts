import { vehicleIndices } from '../codec/index.ts'

/** Indices for traffic: all but that of the member's own truck. */
export const trafficIndices = vehicleIndices - 1

/** Vehicles of traffic that one member owns at most, whatever the rules: a fifth of the indices can rest. */
export const ownedAtMost = 100

/** Characters of a model's name: the game's own, such as `vehicle.ai.scania_r_4x2`, have half as many. */
export const modelLength = 48

/**
 * How long an index rests before it stands for another vehicle, ms: longer than a link lives that brings nothing
 * (15 s), so whoever still hears this member by then has heard that the former vehicle is gone.
 */
export const indexRestMs = 20_000

/** How long a vehicle whose owner is not heard stays before it ends, ms: as long, since by then nobody takes it over. */
export const unclaimedMs = 20_000

/** Messages about traffic taken from one member per second, and at once: an announcement and a removal in every frame. */
export const trafficMessagesPerSecond = 150
export const trafficMessagesAtOnce = 300

/** Bytes of one message: 127 vehicles handed over, each with its model and place. */
export const trafficMessageBytes = 56_000

/** How often owners and the arbiter look around, ms: traffic passes a truck at 40 m/s, so 20 m. */
export const lookEveryMs = 500

/** An owner that the arbiter has not heard for so long has its vehicles given away, ms: they have come to a halt by then. */
export const unheardMs = 3_000

/** Another member is clearly nearer at less than this share of the owner's distance… */
export const nearerShare = 0.5
/** …and by so many metres: beside each other, two trucks would pass a vehicle to and fro… */
export const nearerByMetres = 50
/** …for so long, ms: oncoming trucks meet and part within it. */
export const nearerForMs = 2_000

/** Wait before a vehicle is offered once more, ms: the arbiter does not answer an offer that it does not follow. */
export const offerEveryMs = 5_000

/** How far above the ownership number that the arbiter knows a claim may be: hand-overs that a lost host did not tell it of. */
export const unknownHandOvers = 64

/** A stand-in for the host repeats its word so often, ms, for so long: others miss the host up to 15 s later than it. */
export const repeatWordEveryMs = 5_000
export const repeatWordForMs = 20_000

/** Time in which a vehicle that nobody takes over fades away, ms. */
export const endFadeMs = 1_500
