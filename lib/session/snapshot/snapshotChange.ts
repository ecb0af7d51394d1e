import * as v from 'valibot'
import { bytesOf, count } from '../../protocol/index.ts'
import { stateBytes } from './constants.ts'

/** Which state it is. */
const stateName = v.strictObject({
  digest: bytesOf(32),
  /** How many bytes it has. */
  bytes: v.pipe(count, v.maxValue(stateBytes)),
})

/** What all entries before this one add up to ([REC-8]). */
export const snapshotSchema = v.strictObject({
  type: v.literal('snapshot'),
  state: stateName,
  /** The same as of the beginning of the epoch, to which a void one goes back; null in epoch 0, which is never void. */
  epochState: v.nullable(stateName),
})

/** See {@link snapshotSchema}. */
export type SnapshotChange = v.InferOutput<typeof snapshotSchema>
