import * as v from 'valibot'
import {
  bytesOf,
  bytesUpTo,
  count,
  displayText,
  incarnation,
  memberName,
  publicKey,
  sessionId,
  token,
} from '../protocol/index.ts'
import { maxCanonicalBytes } from '../vehicle/index.ts'
import {
  bystandersShown,
  digestsKept,
  evidenceKeptMs,
  messageBytesKept,
  messagesKept,
  reportBodyBytes,
  reportBytes,
  reportTextLength,
  samplesKept,
} from './constants.ts'
import { evidenceDigestBytes } from './evidenceDigest.ts'

/** What a report can be about. */
export const reportCategories = [
  'ramming',
  'blocking',
  'reckless',
  'speeding',
  'cheating',
  'chat',
  'name',
  'other',
] as const

/** See {@link reportCategories}. */
export type ReportCategory = (typeof reportCategories)[number]

/** Bytes in front of each sample's canonical bytes in a clip: how long it was under way, and how many follow. */
export const sampleLeadBytes = 3

/** What a reporter says. */
export const reportText = displayText(reportTextLength)

const person = { signKey: publicKey, boxKey: publicKey, incarnation, name: memberName }

/** One process of a member in a clip: docs/protocol/10-evidence.md [EVD-6]. */
const clipMember = v.strictObject({
  ...person,
  /** When its first sample was taken, ¼ ms after the clip begins, on the reporter's clock. */
  firstAt: v.pipe(v.number(), v.safeInteger()),
  samples: bytesUpTo(samplesKept * (maxCanonicalBytes + sampleLeadBytes)),
  messages: v.pipe(
    v.array(
      v.strictObject({
        /** When it arrived, ms after the clip begins. */
        at: v.pipe(count, v.maxValue(2 * evidenceKeptMs)),
        channel: token(64),
        body: bytesUpTo(messageBytesKept),
      }),
    ),
    v.maxLength(messagesKept),
  ),
  digests: v.pipe(v.array(bytesUpTo(evidenceDigestBytes)), v.maxLength(digestsKept)),
})

/** What a reporter signs. */
export const reportSchema = v.strictObject({
  type: v.literal('report'),
  sessionId,
  lobbyName: displayText(63),
  reporter: v.strictObject(person),
  subject: v.strictObject(person),
  category: v.picklist(reportCategories),
  text: reportText,
  /** Minutes of the game's clock at the end of the clip; null where the host sets none. */
  gameMinutes: v.nullable(v.pipe(v.number(), v.finite())),
  /** Length of the clip, ms; its end is when the report was signed. */
  clipMs: v.pipe(count, v.maxValue(evidenceKeptMs)),
  members: v.pipe(v.array(clipMember), v.maxLength(2 * (bystandersShown + 2))),
})

/** What the subject of a report signs, later. */
export const appealSchema = v.strictObject({
  type: v.literal('appeal'),
  /** Digest of the report's envelope. */
  report: bytesOf(16),
  text: reportText,
})

/** What follows the first nine bytes of a report's file. */
export const reportFileSchema = v.strictObject({
  report: bytesUpTo(reportBodyBytes + 256),
  appeal: v.nullable(bytesUpTo(reportBytes - reportBodyBytes - 512)),
})

/** See {@link reportSchema}. */
export type ReportBody = v.InferOutput<typeof reportSchema>
/** See {@link appealSchema}. */
export type AppealBody = v.InferOutput<typeof appealSchema>
/** See {@link clipMember}. */
export type ClipMember = v.InferOutput<typeof clipMember>
/** Somebody in a report. */
export type ReportPerson = v.InferOutput<typeof reportSchema.entries.reporter>
