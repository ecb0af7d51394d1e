/** Numbers of the scripted drivers, each with its reason. Lengths in metres, speeds in m/s, times in seconds. */

/** 180 km/h: no truck of the game goes faster, and the wire format ends at 64 m/s. */
export const fastestSpeed = 50

/** What a recording may imply between two rows: hard braking is 8, and the noise of a 10 Hz receiver adds some. */
export const strongestAcceleration = 12

/** A longer gap between two rows is two recordings in one file: nobody knows how the truck drove in between. */
export const longestGap = 60

/** How fast speed changes where a recording's end is led back to its start: a truck pulling gently. */
export const seamAcceleration = 0.8

/**
 * Tightest bend. At the 22 m/s of a fast truck it means 1.6 m/s² sideways (a loaded trailer tips at about 4) and a
 * yaw rate of 0.07 rad/s.
 */
export const smallestRadius = 300

/** Widest bend: above this a bend is not seen as one. */
export const largestRadius = 1_500

/** Length over which curvature grows from a straight to a bend: sideways jerk stays below 0.5 m/s³ at 22 m/s. */
export const transitionLength = 80

/** Space between the corners of a road: two of the tightest bends of 100 degrees fit between them. */
export const cornerSpacing = 1_200

/** How far corners lie off the straight way between two cities, at most. */
export const bendOffset = 180

/** Side of the square by which a road turns round behind its last city. */
export const turnaroundSide = 1_000

/** A sharper turn at a city, in radians, becomes a turnaround: a bend of it would not fit between the corners. */
export const sharpestTurn = Math.PI / 2

/** Cells of a bend's table: positions are integrated over each by a rule that is exact to 1e-12 m at this length. */
export const bendCell = 10

/** Grid of the trailer's angle: a quarter of its wheelbase, so that cubic interpolation is exact to 1e-6 turns. */
export const articulationStep = 2

/** From the kingpin to the middle of a semitrailer's axles. */
export const trailerWheelbase = 8

/** The trailer forgets its angle by e^-1 per wheelbase driven: after this way nothing is left of a wrong start. */
export const articulationRunIn = 30 * trailerWheelbase

/** From the steered axle to the drive axle of a two-axle tractor. */
export const truckWheelbase = 3.7

/** Largest angle of the steered wheels, radians. */
export const fullLock = 0.7

/** Width of a motorway lane. */
export const laneWidth = 3.5
