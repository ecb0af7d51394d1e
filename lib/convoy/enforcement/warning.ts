import * as v from 'valibot'
import { decodeMessage, encodeMessage } from '../../protocol/index.ts'
import { warningBytes } from './constants.ts'
import { enforcedKind } from './kinds.ts'

const number = v.pipe(v.number(), v.finite())

/** What the host tells a player that it does, and why, [ENF-32]. */
const warningSchema = v.strictObject({
  kind: enforcedKind,
  action: v.picklist(['warning', 'slow-lane', 'released']),
  measured: number,
  limit: number,
})

/** See {@link warningSchema}. */
export type Warning = v.InferOutput<typeof warningSchema>

export function encodeWarning(warning: Warning): Uint8Array {
  return encodeMessage(warningSchema, warning, warningBytes)
}

/** @throws ConvoyError `message-too-large`, `message-malformed`. */
export function decodeWarning(body: Uint8Array): Warning {
  return decodeMessage(warningSchema, body, warningBytes)
}
