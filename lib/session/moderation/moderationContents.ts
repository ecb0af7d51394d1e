import * as v from 'valibot'
import { bytesOf, count, displayText, limits, publicKey } from '../../protocol/index.ts'
import { mostBans, mostCarriedOut, mostGrants, mostInvites, mostMuted } from './constants.ts'
import { banSubjectSchema, inviteHash, mutedMedia } from './moderationChanges.ts'
import { grantedRole, moderationScopes } from './roles.ts'

/** What holds until a time, by the word of somebody. */
const decided = {
  detail: displayText(limits.reasonLength),
  until: v.nullable(count),
  by: publicKey,
  rank: v.pipe(count, v.maxValue(3)),
}

/** Everything in a moderation state, as a snapshot has it ([REC-9]). */
export const moderationContentsSchema = v.strictObject({
  needsInvite: v.boolean(),
  /** By their bytes. */
  invites: v.pipe(v.array(inviteHash), v.maxLength(mostInvites)),
  /** By key. */
  grants: v.pipe(
    v.array(
      v.strictObject({
        signKey: publicKey,
        role: grantedRole,
        scopes: v.pipe(v.array(v.picklist(moderationScopes)), v.maxLength(moderationScopes.length)),
      }),
    ),
    v.maxLength(mostGrants),
  ),
  /** In the order in which the first ban on each came. */
  bans: v.pipe(
    v.array(v.strictObject({ subject: banSubjectSchema, at: count, ...decided })),
    v.maxLength(mostBans),
  ),
  /** By key; of one key, chat before radio. */
  mutes: v.pipe(
    v.array(v.strictObject({ signKey: publicKey, medium: v.picklist(mutedMedia), ...decided })),
    v.maxLength(mostMuted * mutedMedia.length),
  ),
  /** Requests that were carried out last, in that order. */
  carriedOut: v.pipe(
    v.array(v.strictObject({ id: bytesOf(16), askedAt: count })),
    v.maxLength(mostCarriedOut),
  ),
  /** What was asked for then, or before, is carried out no more: it may have been. */
  askedUpTo: count,
})

/** See {@link moderationContentsSchema}. */
export type ModerationContents = v.InferOutput<typeof moderationContentsSchema>
