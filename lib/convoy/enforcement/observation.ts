import * as v from 'valibot'
import { decodeMessage, encodeMessage, token } from '../../protocol/index.ts'
import { observationBytes, observationsPerMessage } from './constants.ts'
import { enforcedKind } from './kinds.ts'

/** Characters of a member id, with room to spare. */
const idLength = 64

const number = v.pipe(v.number(), v.finite())

/** What a member saw another one do, as it tells the host, [ENF-20]. */
export const observationSchema = v.strictObject({
  /** Member id. */
  subject: token(idLength),
  kind: enforcedKind,
  measured: number,
  limit: number,
  /** Session time, ms. */
  from: v.pipe(number, v.minValue(0)),
  to: v.pipe(number, v.minValue(0)),
  count: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
})

const messageSchema = v.strictObject({
  observations: v.pipe(v.array(observationSchema), v.minLength(1), v.maxLength(observationsPerMessage)),
})

/** See {@link observationSchema}. */
export type Observation = v.InferOutput<typeof observationSchema>

export function encodeObservations(observations: readonly Observation[]): Uint8Array {
  return encodeMessage(messageSchema, { observations: [...observations] }, observationBytes)
}

/** @throws ConvoyError `message-too-large`, `message-malformed`. */
export function decodeObservations(body: Uint8Array): Observation[] {
  return decodeMessage(messageSchema, body, observationBytes).observations
}
