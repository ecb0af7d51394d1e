import * as v from 'valibot'
import { passwordParamsSchema } from '../identity/index.ts'
import {
  bytesOf,
  count,
  decodeMessage,
  displayText,
  incarnation,
  limits,
  memberName,
  nonce,
  protocolVersion,
  publicKey,
  sessionId,
  signalSchema,
  token,
  vehicleClass,
} from '../protocol/index.ts'
import { channelVersionsSchema } from './channelVersions.ts'

/** Codes a host may refuse with, before or after the link is open. */
export const refusalCodes = [
  'protocol-version',
  'game-version',
  'password-required',
  'password-wrong',
  'session-full',
  'banned',
  'kicked',
  'replaced',
  'unknown-member',
  'class-refused',
  'spectators-refused',
  'claims-missing',
  'admit-refused',
  'load-order-mismatch',
  'channel-mismatch',
  'message-unauthentic',
  'rate-limited',
  'timeout',
] as const

/** See {@link refusalCodes}. */
export type RefusalCode = (typeof refusalCodes)[number]

/** See {@link GameVersion}. */
export const gameVersionSchema = v.strictObject({ name: displayText(32, 1), version: displayText(32, 1) })

/** What every version's knock keeps ([ADM-2]), so that a host can refuse one that it does not understand. */
const foreignKnockSchema = v.object({
  type: v.literal('knock'),
  protocol: v.pipe(
    v.number(),
    v.integer(),
    v.check((version) => version !== protocolVersion),
  ),
  boxKey: publicKey,
})

/** Names of the claims that a joiner shows. */
export const claimsSchema = v.pipe(v.array(token(64)), v.maxLength(16))

/** The first message of a joiner. */
export const knockSchema = v.strictObject({
  type: v.literal('knock'),
  protocol: v.literal(protocolVersion),
  sessionId,
  boxKey: publicKey,
  /** The invite's secret, where it has one. */
  secret: v.nullable(bytesOf(16)),
  incarnation,
  /** Left out where a person joins; the incarnation that was lost, where a member comes back by itself. */
  former: v.optional(incarnation),
  name: memberName,
  game: v.nullable(gameVersionSchema),
  /** Null for a spectator. */
  vehicleClass: v.nullable(vehicleClass),
  claims: claimsSchema,
  /** Left out where the program has none. */
  channels: v.optional(channelVersionsSchema),
})

/** Characters of a refusal in words. */
export const refusalLength = 2 * limits.reasonLength

/** Everything that crosses a route between a joiner and a host. */
export const knockMessageSchema = v.variant('type', [
  knockSchema,
  /** Member whose link to the host broke: the signals of another connection come this way. */
  v.strictObject({
    type: v.literal('resume'),
    protocol: v.literal(protocolVersion),
    sessionId,
    boxKey: publicKey,
    incarnation,
  }),
  /** Host: prove that you live now, and that you know the password. */
  v.strictObject({
    type: v.literal('challenge'),
    nonce,
    password: v.nullable(passwordParamsSchema),
  }),
  /** Joiner: the answer. */
  v.strictObject({ type: v.literal('proof'), nonce, password: v.nullable(bytesOf(64)) }),
  /** Host: no, and why. */
  v.strictObject({
    type: v.literal('refused'),
    code: v.picklist(refusalCodes),
    message: displayText(refusalLength),
    /** Milliseconds until it may be otherwise; left out where that is not known. */
    waitMs: v.optional(count),
  }),
  /** Host: yes, connect. */
  v.strictObject({ type: v.literal('welcome') }),
  /** Both: what the engines tell each other. */
  v.strictObject({ type: v.literal('signal'), signal: signalSchema }),
])

/** See {@link knockSchema}. */
export type Knock = v.InferOutput<typeof knockSchema>
/** See {@link knockMessageSchema}. */
export type KnockMessage = v.InferOutput<typeof knockMessageSchema>

/** A knock of another version of the protocol. */
export interface ForeignKnock {
  type: 'foreign-knock'
  protocol: number
  boxKey: Uint8Array
}

/**
 * Decodes the body of an envelope that crossed a route.
 * @throws ConvoyError `message-too-large` or `message-malformed`.
 */
export function decodeKnockMessage(body: Uint8Array): KnockMessage | ForeignKnock {
  try {
    return decodeMessage(knockMessageSchema, body, limits.rendezvousMessageBytes)
  } catch (error) {
    const foreign = foreignKnockIn(body)
    if (foreign === undefined) throw error
    return foreign
  }
}

function foreignKnockIn(body: Uint8Array): ForeignKnock | undefined {
  try {
    const { protocol, boxKey } = decodeMessage(foreignKnockSchema, body, limits.rendezvousMessageBytes)
    return { type: 'foreign-knock', protocol, boxKey }
  } catch {
    return undefined
  }
}
