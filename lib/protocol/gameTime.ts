import * as v from 'valibot'

/** Largest count of game minutes: what the SDK's 32 bits hold. */
const mostMinutes = 2 ** 32 - 1

/** Fastest that the game's time may run; the game itself goes up to 19 on the open road. */
const mostScale = 1_000

/** Longest session time, ms: whole numbers up to here are exact. */
const longestSession = Number.MAX_SAFE_INTEGER

/** What the host set the game's time to. */
export const gameTimeSchema = v.strictObject({
  /** Minutes since the game's beginning, as the SDK counts them: a Monday, 0:00. */
  minutes: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(mostMinutes)),
  /** Game seconds per real second; 0 stands still. */
  scale: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(mostScale)),
  /** Session time at which that held, ms. */
  at: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(longestSession)),
})

/** See {@link gameTimeSchema}. */
export type GameTime = v.InferOutput<typeof gameTimeSchema>
