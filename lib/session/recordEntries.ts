import * as v from 'valibot'
import { passwordVerifierSchema } from '../identity/index.ts'
import {
  bytesOf,
  byType,
  count,
  displayText,
  gameTimeSchema,
  incarnation,
  limits,
  loadOrderSchema,
  memberName,
  nonce,
  publicKey,
  rulesChangesSchema,
  rulesSchema,
  sessionId,
  sharedValueSchema,
  vehicleClass,
} from '../protocol/index.ts'
import { electedSchema, votersSchema } from './authority/authorityChanges.ts'
import { channelVersionsSchema } from './channelVersions.ts'
import { claimsSchema, gameVersionSchema } from './knockMessages.ts'
import { mostCoolOffMs } from './moderation/constants.ts'
import { askedFields, inviteHash, moderationChangeSchemas } from './moderation/moderationChanges.ts'
import { restrictedSchema } from './restriction.ts'
import { snapshotSchema } from './snapshot/snapshotChange.ts'

/** Who a member is. */
export const memberFields = {
  signKey: publicKey,
  boxKey: publicKey,
  incarnation,
  name: memberName,
  vehicleClass: v.nullable(vehicleClass),
}

/** Slots of a convoy: 0 as well, once the founder has left. */
export const slotNumber = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(limits.convoyMembers - 1))

/** Reasons that the record gives for a member's leaving. */
export const recordedLeaveReason = v.picklist(['left', 'kicked', 'banned', 'lost'])

/** One decision of the host. */
export const changeSchema = byType([
  /** Always entry 0, and only that. */
  v.strictObject({
    type: v.literal('founded'),
    ...memberFields,
    founderNonce: nonce,
    game: v.nullable(gameVersionSchema),
    password: v.nullable(passwordVerifierSchema),
    rules: rulesSchema,
    /** Left out where the founder's program has none. */
    channels: v.optional(channelVersionsSchema),
    /** Digest of the secret that whoever joins has to show; left out where anybody may knock. */
    invite: v.optional(inviteHash),
  }),
  electedSchema,
  votersSchema,
  restrictedSchema,
  v.strictObject({ type: v.literal('rules'), changes: rulesChangesSchema, ...askedFields }),
  v.strictObject({ type: v.literal('loadOrder'), loadOrder: loadOrderSchema }),
  v.strictObject({ type: v.literal('shared'), ...sharedValueSchema.entries }),
  v.strictObject({ type: v.literal('gameTime'), ...gameTimeSchema.entries, ...askedFields }),
  v.strictObject({
    type: v.literal('joined'),
    ...memberFields,
    slot: slotNumber,
    /** What it was admitted by, and may be kept out by: left out where there is none. */
    claims: v.optional(claimsSchema),
    invite: v.optional(inviteHash),
  }),
  v.strictObject({
    type: v.literal('left'),
    signKey: publicKey,
    reason: recordedLeaveReason,
    detail: displayText(limits.reasonLength),
    /** How long who was kicked may not knock. */
    coolOffMs: v.optional(v.pipe(count, v.maxValue(mostCoolOffMs))),
    ...askedFields,
  }),
  snapshotSchema,
  ...moderationChangeSchemas,
])

/** The signed body of an entry. */
export const entrySchema = v.strictObject({
  sessionId,
  epoch: count,
  number: count,
  /** Digest of the entry before; zeros for entry 0. */
  previous: bytesOf(32),
  change: changeSchema,
})

/** See {@link entrySchema}. */
export type Entry = v.InferOutput<typeof entrySchema>
/** See {@link changeSchema}. */
export type Change = v.InferOutput<typeof changeSchema>
/** See {@link recordedLeaveReason}. */
export type RecordedLeaveReason = v.InferOutput<typeof recordedLeaveReason>
