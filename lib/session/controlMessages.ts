import * as v from 'valibot'
import {
  bytesOf,
  bytesUpTo,
  byType,
  count,
  displayText,
  limits,
  loadOrderSchema,
  publicKey,
  token,
} from '../protocol/index.ts'
import { authorityMessageSchemas } from './authority/authorityMessages.ts'
import { findingSchema, mostFindings } from './loadOrderFinding.ts'
import { refusalCodes } from './knockMessages.ts'
import { requestMessageSchemas } from './moderation/requestMessages.ts'
import { snapshotMessageSchema } from './snapshot/snapshotMessages.ts'

/** Everything that members say to each other on `control`. */
export const controlMessageSchema = byType([
  /** Joiner to host, first on the link: its mods. */
  v.strictObject({
    type: v.literal('loadOrder'),
    loadOrder: loadOrderSchema,
    /** Of who comes back: how much of the record it has for committed, and the digest of the last entry of that. */
    holds: v.optional(v.strictObject({ committed: count, digest: bytesOf(32) })),
  }),
  /** Host to joiner: no, and why. */
  v.strictObject({
    type: v.literal('refused'),
    code: v.picklist(refusalCodes),
    message: displayText(limits.controlMessageBytes),
    findings: v.optional(v.pipe(v.array(findingSchema), v.maxLength(mostFindings))),
    waitMs: v.optional(count),
  }),
  /** Host to member: entries of the record, in order, and how many are committed. */
  v.strictObject({
    type: v.literal('entries'),
    epoch: count,
    entries: v.pipe(v.array(bytesUpTo(limits.controlMessageBytes)), v.maxLength(1_000)),
    committed: count,
  }),
  /** Host to member: a part of what stands for entries that it does not hand on any more. */
  snapshotMessageSchema,
  ...authorityMessageSchemas,
  ...requestMessageSchemas,
  /** Host to joiner, after all entries so far: you are in. */
  v.strictObject({ type: v.literal('admitted'), ticket: bytesUpTo(1_024), entries: count }),
  /** Host to member: another ticket, before the former one expires. */
  v.strictObject({ type: v.literal('ticket'), ticket: bytesUpTo(1_024) }),
  /** Member to member, first on their link: proof of membership. */
  v.strictObject({ type: v.literal('hello'), ticket: bytesUpTo(1_024) }),
  /** Bring this to `peer`. */
  v.strictObject({
    type: v.literal('signal'),
    peer: publicKey,
    sealed: bytesUpTo(limits.rendezvousMessageBytes),
  }),
  /** This comes from `peer`. */
  v.strictObject({
    type: v.literal('relayed'),
    peer: publicKey,
    sealed: bytesUpTo(limits.rendezvousMessageBytes),
  }),
  /** Between members: a message of a part that stands on the session, such as chat. */
  v.strictObject({
    type: v.literal('channel'),
    channel: token(32),
    body: bytesUpTo(limits.controlMessageBytes - 64),
  }),
  /** Last message of a member that goes. */
  v.strictObject({ type: v.literal('leave') }),
  /** Host to a member that it removes. */
  v.strictObject({
    type: v.literal('removed'),
    reason: v.picklist(['kicked', 'banned', 'lost']),
    detail: displayText(limits.reasonLength),
  }),
])

/** See {@link controlMessageSchema}. */
export type ControlMessage = v.InferOutput<typeof controlMessageSchema>
