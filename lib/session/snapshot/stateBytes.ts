import * as v from 'valibot'
import { ConvoyError, equalBytes } from '../../core/index.ts'
import { domainHash, mostVoters, passwordVerifierSchema } from '../../identity/index.ts'
import {
  bytesUpTo,
  count,
  decodeMessage,
  displayText,
  encodeMessage,
  gameTimeSchema,
  incarnation,
  limits,
  loadOrderSchema,
  mostSharedValues,
  nonce,
  publicKey,
  rulesSchema,
  sharedName,
  sharedValueBytes,
} from '../../protocol/index.ts'
import { mostHosts, type RecordedAuthority } from '../authority/authorityLine.ts'
import { channelName, declaredChannels } from '../channelVersions.ts'
import { claimsSchema, gameVersionSchema } from '../knockMessages.ts'
import { inviteHash } from '../moderation/moderationChanges.ts'
import { moderationContentsSchema } from '../moderation/moderationContents.ts'
import { memberFields, recordedLeaveReason, slotNumber } from '../recordEntries.ts'
import { RecordState } from '../recordState.ts'
import { restrictedSchema } from '../restriction.ts'
import { mostDepartures, mostRestricted, stateBytes } from './constants.ts'

const listOf = <Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item), v.maxLength(most))

const memberSchema = v.strictObject({
  ...memberFields,
  slot: slotNumber,
  joinedAt: count,
  claims: v.optional(claimsSchema),
  invite: v.optional(inviteHash),
})

/** What a record's entries add up to, as its own fields and those of {@link RecordedAuthority} hold it ([REC-9]). */
const stateSchema = v.strictObject({
  authority: v.strictObject({
    hosts: listOf(v.strictObject({ epoch: count, number: count, signKey: publicKey }), mostHosts),
    voters: v.strictObject({
      since: count,
      voters: listOf(v.strictObject({ signKey: publicKey, incarnation }), mostVoters),
      witness: v.nullable(publicKey),
    }),
  }),
  founderNonce: nonce,
  game: v.nullable(gameVersionSchema),
  channels: listOf(
    v.strictObject({ name: channelName, version: v.pipe(count, v.maxValue(0xffff)) }),
    declaredChannels,
  ),
  password: v.nullable(passwordVerifierSchema),
  rules: rulesSchema,
  loadOrder: loadOrderSchema,
  gameTime: v.nullable(gameTimeSchema),
  shared: listOf(v.strictObject({ name: sharedName, value: bytesUpTo(sharedValueBytes) }), mostSharedValues),
  host: v.nullable(publicKey),
  members: listOf(memberSchema, limits.convoyMembers),
  departures: listOf(
    v.strictObject({
      reason: recordedLeaveReason,
      detail: displayText(limits.reasonLength),
      member: memberSchema,
      coolsUntil: count,
    }),
    mostDepartures,
  ),
  restricted: listOf(
    v.strictObject({
      signKey: publicKey,
      restriction: v.nonNullable(restrictedSchema.entries.restriction),
      detail: displayText(limits.reasonLength),
    }),
    mostRestricted,
  ),
  moderation: moderationContentsSchema,
})

/** See {@link stateSchema}. */
export type StateContents = Omit<v.InferOutput<typeof stateSchema>, 'authority'>

/** A state that came as bytes. */
export interface DecodedState {
  readonly state: RecordState
  readonly authority: RecordedAuthority
}

/**
 * The state as bytes: the same entries give the same bytes everywhere, since fields are in the order of the schema, lists in
 * one order, and numbers in their shortest form ([REC-9]).
 * @throws ConvoyError `message-too-large` where it is larger than a snapshot may be.
 */
export function encodeState(state: RecordState, authority: RecordedAuthority): Uint8Array {
  return encodeMessage(stateSchema, { authority: plain(authority), ...state.contents() }, stateBytes)
}

/** @throws ConvoyError `message-too-large`, or `message-malformed` where it is no state, or not in its one form. */
export function decodeState(bytes: Uint8Array): DecodedState {
  const { authority, ...contents } = decodeMessage(stateSchema, bytes, stateBytes)
  const state = RecordState.of(contents)
  if (!equalBytes(encodeState(state, authority), bytes))
    throw new ConvoyError('message-malformed', 'The state of a record is not in its one form.')
  return { state, authority }
}

/** What a snapshot names a state by. */
export function digestOfState(bytes: Uint8Array): Uint8Array {
  return domainHash('openconvoy state 1', 32, bytes)
}

function plain({ hosts, voters }: RecordedAuthority) {
  const { since, witness } = voters
  return {
    hosts: hosts.map(({ epoch, number, signKey }) => ({ epoch, number, signKey })),
    voters: {
      since,
      voters: voters.voters.map(({ signKey, incarnation: process }) => ({ signKey, incarnation: process })),
      witness,
    },
  }
}
