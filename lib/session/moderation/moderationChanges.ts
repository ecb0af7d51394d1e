import * as v from 'valibot'
import {
  bytesOf,
  bytesUpTo,
  count,
  displayText,
  gameTimeSchema,
  limits,
  publicKey,
  rulesChangesSchema,
  token,
} from '../../protocol/index.ts'
import { mostCoolOffMs, mostLastingMs, requestBytes } from './constants.ts'
import { grantedRole, moderationScopes } from './roles.ts'

/** What a mute covers. */
export const mutedMedia = ['chat', 'radio'] as const

/** See {@link mutedMedia}. */
export type MutedMedium = (typeof mutedMedia)[number]

const media = v.pipe(v.array(v.picklist(mutedMedia)), v.minLength(1), v.maxLength(mutedMedia.length))
const detail = displayText(limits.reasonLength)
/** From the entry's time on, ms; null for as long as the session lives. */
const lastsMs = v.nullable(v.pipe(count, v.minValue(1), v.maxValue(mostLastingMs)))

/** Digest of the secret of an invite: see `inviteHashOf`. */
export const inviteHash = bytesOf(32)

/** A claim that a member shows of itself. */
export const claimName = token(64)

/** Whom a ban is about. */
export const banSubjectSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('identity'), signKey: publicKey }),
  v.strictObject({ kind: v.literal('claim'), claim: claimName }),
  v.strictObject({ kind: v.literal('invite'), secretHash: inviteHash }),
])

/** See {@link banSubjectSchema}. */
export type BanSubject = v.InferOutput<typeof banSubjectSchema>

/** What moderators may ask for: these fields stand alike in their request and in the entry that carries it out. */
const askable = {
  granted: {
    type: v.literal('granted'),
    signKey: publicKey,
    role: grantedRole,
    scopes: v.pipe(v.array(v.picklist(moderationScopes)), v.maxLength(moderationScopes.length)),
  },
  banned: { type: v.literal('banned'), subject: banSubjectSchema, detail, lastsMs },
  unbanned: { type: v.literal('unbanned'), subject: banSubjectSchema },
  muted: { type: v.literal('muted'), signKey: publicKey, what: media, detail, lastsMs },
  unmuted: { type: v.literal('unmuted'), signKey: publicKey, what: media },
  invited: { type: v.literal('invited'), secretHash: inviteHash },
  kicked: {
    type: v.literal('left'),
    signKey: publicKey,
    reason: v.literal('kicked'),
    detail,
    coolOffMs: v.pipe(count, v.maxValue(mostCoolOffMs)),
  },
  rules: { type: v.literal('rules'), changes: rulesChangesSchema },
  gameTime: { type: v.literal('gameTime'), ...gameTimeSchema.entries },
} as const

/** Who asked for a change, where that was not the host, and the signed request that the host carried out. */
export const askedSchema = v.strictObject({
  by: publicKey,
  id: bytesOf(16),
  request: bytesUpTo(requestBytes),
})

/** See {@link askedSchema}. */
export type Asked = v.InferOutput<typeof askedSchema>

/** Left out where the host decided by itself. */
export const askedFields = { asked: v.optional(askedSchema) }

/** Changes about who may do what, and who may be here. */
export const moderationChangeSchemas = [
  v.strictObject({ ...askable.granted, ...askedFields }),
  v.strictObject({ ...askable.banned, ...askedFields }),
  v.strictObject({ ...askable.unbanned, ...askedFields }),
  v.strictObject({ ...askable.muted, ...askedFields }),
  v.strictObject({ ...askable.unmuted, ...askedFields }),
  v.strictObject({ ...askable.invited, ...askedFields }),
] as const

/** See {@link moderationChangeSchemas}. */
export type ModerationChange = v.InferOutput<(typeof moderationChangeSchemas)[number]>

/** A change that somebody other than the host may ask for. */
export const askableChangeSchema = v.variant('type', [
  v.strictObject(askable.granted),
  v.strictObject(askable.banned),
  v.strictObject(askable.unbanned),
  v.strictObject(askable.muted),
  v.strictObject(askable.unmuted),
  v.strictObject(askable.invited),
  v.strictObject(askable.kicked),
  v.strictObject(askable.rules),
  v.strictObject(askable.gameTime),
])

/** See {@link askableChangeSchema}. */
export type AskableChange = v.InferOutput<typeof askableChangeSchema>
