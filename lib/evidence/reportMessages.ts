import * as v from 'valibot'
import { bytesOf, bytesUpTo, count } from '../protocol/index.ts'
import { partBytes, reportBytes } from './constants.ts'

/** Why a report is not taken. */
export const reportRefusals = [
  'not-responsible',
  'busy',
  'too-many',
  'malformed',
  'forged',
  'not-saved',
] as const
/** See {@link reportRefusals}. */
export type ReportRefusal = (typeof reportRefusals)[number]

const id = bytesOf(16)

/** Everything that is said on channel `report`. */
export const reportMessageSchema = v.variant('type', [
  /** A report of so many bytes follows. */
  v.strictObject({
    type: v.literal('begin'),
    id,
    bytes: v.pipe(count, v.minValue(1), v.maxValue(reportBytes)),
  }),
  /** The next bytes of it. */
  v.strictObject({ type: v.literal('part'), id, offset: count, bytes: bytesUpTo(partBytes) }),
  /** It is all there, and kept. */
  v.strictObject({ type: v.literal('taken'), id }),
  v.strictObject({ type: v.literal('refused'), id, reason: v.picklist(reportRefusals) }),
])

/** See {@link reportMessageSchema}. */
export type ReportMessage = v.InferOutput<typeof reportMessageSchema>

/** Bytes of one message. */
export const reportMessageBytes = partBytes + 128
