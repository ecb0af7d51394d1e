import * as v from 'valibot'
import { attestationBytes, successionSchema } from '../../identity/index.ts'
import { bytesOf, bytesUpTo, count } from '../../protocol/index.ts'
import { voteBytes } from './authorityChanges.ts'

const digest = bytesOf(32)
const vote = bytesUpTo(voteBytes)

/** How far a record goes: compared by epoch first, then by length. */
const reach = { lastEpoch: count, length: count }

/** What members say to each other about who decides. */
export const authorityMessageSchemas = [
  /** Member to host: this is what I hold; send what is missing, where `missing`. */
  v.strictObject({
    type: v.literal('holds'),
    /** The highest epoch that the member knows of or voted in: it follows no lower one. */
    epoch: count,
    length: count,
    digest,
    committed: count,
    missing: v.boolean(),
  }),
  /** Voter to voter: I do not hear the host. Would you vote for me? */
  v.strictObject({ type: v.literal('probe'), probe: count, ...reach }),
  v.strictObject({
    type: v.literal('probed'),
    probe: count,
    agrees: v.boolean(),
    /** How fit the answering voter is itself: the smaller, the better. */
    standing: count,
    epoch: count,
  }),
  /** Candidate to voter: vote for me in `epoch`, as the next after a record that ends with `digest`. */
  v.strictObject({
    type: v.literal('stand'),
    epoch: count,
    ...reach,
    digest,
    /** The vote of the present host, where it hands over by itself. */
    consent: v.nullable(vote),
  }),
  v.strictObject({ type: v.literal('vote'), vote }),
  v.strictObject({ type: v.literal('noVote'), epoch: count, known: count }),
  /** Host to its successor: stand in `epoch`, you have my vote. */
  v.strictObject({ type: v.literal('succeed'), epoch: count, consent: vote }),
  /** To all: this voter voted twice. */
  v.strictObject({ type: v.literal('equivocation'), first: vote, second: vote }),
  /** Host to who voted once: attest who decides and who votes since the entry with this number. */
  v.strictObject({ type: v.literal('attest'), epoch: count, number: count }),
  v.strictObject({ type: v.literal('attested'), attestation: bytesUpTo(attestationBytes) }),
  /** Host to member: this proves who is host, should you have to. */
  v.strictObject({ type: v.literal('certified'), proof: successionSchema }),
] as const

/** See {@link authorityMessageSchemas}. */
export type AuthorityMessage = v.InferOutput<(typeof authorityMessageSchemas)[number]>

/** A message of one type. */
export type AuthorityMessageOf<Type extends AuthorityMessage['type']> = Extract<
  AuthorityMessage,
  { type: Type }
>

/** What the host sends of its record. */
export interface EntriesMessage {
  readonly epoch: number
  readonly entries: readonly Uint8Array[]
  readonly committed: number
}
