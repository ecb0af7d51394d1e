import * as v from 'valibot'
import { bytesOf, bytesUpTo, incarnation, publicKey } from '../../protocol/index.ts'
import { mostVoters } from './voters.ts'

/** Bytes of a vote: its fields take about 320. */
export const voteBytes = 512

const vote = bytesUpTo(voteBytes)

/** First entry of an epoch: who decides from here on, and who voted for that. */
export const electedSchema = v.strictObject({
  type: v.literal('elected'),
  signKey: publicKey,
  /** Envelopes of purpose `vote`. */
  votes: v.pipe(v.array(vote), v.minLength(1), v.maxLength(mostVoters + 1)),
  /** Two votes of one voter for one epoch each: such a voter counts no more. */
  expelled: v.pipe(v.array(v.strictObject({ first: vote, second: vote })), v.maxLength(4)),
})

/** Who votes from here on: all of them, one more or one less than before. */
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
      boot: bytesOf(16),
      /** Of the one-time secret of each voter, in the order of `voters`. */
      secretHashes: v.pipe(v.array(bytesOf(32)), v.maxLength(mostVoters)),
      /** Each secret, sealed for its voter. */
      secrets: v.pipe(v.array(bytesUpTo(128)), v.maxLength(mostVoters)),
    }),
  ),
})
