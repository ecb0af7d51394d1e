import * as v from 'valibot'
import { bytesOf, bytesUpTo, incarnation, publicKey } from '../protocol/index.ts'
import { mostVoters, voteBytes, witnessBootBytes, witnessSecretBytes } from './constants.ts'
import { sealOverhead } from './sealed.ts'

const vote = bytesUpTo(voteBytes)

/** First change of an epoch: who decides from here on, and who voted for that ([SUC-3]). */
export const electedSchema = v.strictObject({
  type: v.literal('elected'),
  signKey: publicKey,
  /** Envelopes of purpose `vote`; at most one of each voter, and of the witness. */
  votes: v.pipe(v.array(vote), v.minLength(1), v.maxLength(mostVoters + 1)),
  /** Two different votes of one voter for one epoch each: such a voter counts no more. */
  expelled: v.pipe(v.array(v.strictObject({ first: vote, second: vote })), v.maxLength(4)),
})

/** Who votes from here on: all of them ([SUC-4]). */
export const votersSchema = v.strictObject({
  type: v.literal('voters'),
  voters: v.pipe(
    v.array(v.strictObject({ signKey: publicKey, incarnation })),
    v.minLength(1),
    v.maxLength(mostVoters),
  ),
  /** The service that breaks the tie of two. */
  witness: v.nullable(
    v.strictObject({
      key: publicKey,
      boot: bytesOf(witnessBootBytes),
      /** Digest of the one-time secret of each voter, in the order of `voters`. */
      secretHashes: v.pipe(v.array(bytesOf(witnessSecretBytes)), v.maxLength(mostVoters)),
      /** Each secret, sealed for its voter. */
      secrets: v.pipe(v.array(bytesUpTo(witnessSecretBytes + sealOverhead)), v.maxLength(mostVoters)),
    }),
  ),
})

/** See {@link electedSchema}. */
export type Elected = v.InferOutput<typeof electedSchema>
/** See {@link votersSchema}. */
export type Voters = v.InferOutput<typeof votersSchema>
