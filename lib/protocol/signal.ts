import * as v from 'valibot'
import { limits } from './limits.ts'

/** Which of up to four connections of one attempt a signal is for ([LNK-9]): 0 where left out. */
const lane = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3)))

/**
 * What two engines tell each other to connect: a session description or one ICE candidate, of the attempt
 * with this number. Attempts count up from 0; a signal of a lower attempt than the newest seen is void.
 */
export const signalSchema = v.variant('type', [
  v.strictObject({
    type: v.picklist(['offer', 'answer']),
    attempt: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    lane,
    sdp: v.pipe(v.string(), v.maxLength(limits.sdpBytes)),
  }),
  v.strictObject({
    type: v.literal('candidate'),
    attempt: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    lane,
    candidate: v.pipe(v.string(), v.maxLength(512)),
    sdpMid: v.nullable(v.pipe(v.string(), v.maxLength(32))),
    sdpMLineIndex: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(15))),
  }),
])

/** See {@link signalSchema}. */
export type Signal = v.InferOutput<typeof signalSchema>
