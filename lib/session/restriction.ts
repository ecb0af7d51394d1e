import * as v from 'valibot'
import { displayText, limits, publicKey } from '../protocol/index.ts'
import type { Change } from './recordEntries.ts'
import type { RecordState } from './recordState.ts'

/** Puts a member into the slow lane, or takes it out with null ([ENF-33]). */
export const restrictedSchema = v.strictObject({
  type: v.literal('restricted'),
  signKey: publicKey,
  restriction: v.nullable(v.picklist(['slow-lane'])),
  /** Why. */
  detail: displayText(limits.reasonLength),
})

/**
 * What has to be recorded for the member with `id` to be in the slow lane for a reason or, with null, to be out of it; undefined
 * where that is so already, or the member is gone.
 */
export function restrictionChange(
  state: RecordState,
  id: string,
  detail: string | null,
): Extract<Change, { type: 'restricted' }> | undefined {
  const signKey = state.memberById(id)?.signKey
  if (signKey === undefined) return undefined
  if ((state.restrictionOf(signKey) === undefined) === (detail === null)) return undefined
  const restriction = detail === null ? null : 'slow-lane'
  return { type: 'restricted', signKey, restriction, detail: detail ?? '' }
}

/** What a member may not do for now, by the host's word. */
export interface Restriction {
  /** `slow-lane`: everyone shows its vehicle as a ghost, which collides with nothing. */
  readonly restriction: 'slow-lane'
  /** Why, for people. */
  readonly detail: string
}
