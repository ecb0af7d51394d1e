import * as v from 'valibot'
import {
  announcementBytes,
  mostVoters,
  successionSchema,
  voteBytes,
  voteSchema,
  witnessBootBytes,
  witnessSecretBytes,
} from '../identity/index.ts'
import {
  bytesOf,
  bytesUpTo,
  byType,
  count,
  decodeMessage,
  displayText,
  encodeMessage,
  limits,
  publicKey,
  sessionId,
  token,
} from '../protocol/index.ts'
import { turnAccessSchema } from './turnAccess.ts'

/** The version of the frames in this file: docs/protocol/02-rendezvous.md [RDV-3]. */
export const frameVersion = 3

/** Bytes of an origin: enough that two addresses in a session hardly ever have the same. */
export const originBytes = 8

/** Sizes of what frames hold. */
export const frameLimits = {
  /** Bytes of a frame: the largest message, and room for the names and numbers around it. */
  frameBytes: limits.rendezvousMessageBytes + 256,
  /** Announcements in one `listed` frame: as many of the largest as fit. */
  envelopesPerFrame: 7,
} as const

const request = v.pipe(count, v.maxValue(0xffff_ffff))
const route = v.pipe(count, v.maxValue(0xffff_ffff))
const envelope = bytesUpTo(announcementBytes)
const resumeToken = bytesOf(16)
/** Digest of the `voters` entry that a witness is asked for. */
const config = bytesOf(32)
const relay = v.strictObject({
  type: v.literal('relay'),
  route,
  /** Opaque to the service: sealed by one end for the other. */
  message: bytesUpTo(limits.rendezvousMessageBytes),
})

/** What a client sends to the service. */
export const clientFrameSchema = byType([
  v.strictObject({ type: v.literal('hello'), version: count }),
  v.strictObject({
    type: v.literal('announce'),
    request,
    envelope,
    proof: successionSchema,
    resume: v.nullable(resumeToken),
  }),
  v.strictObject({ type: v.literal('withdraw'), request, session: sessionId }),
  v.strictObject({ type: v.literal('open'), request, session: sessionId }),
  v.strictObject({ type: v.literal('list'), request }),
  v.strictObject({ type: v.literal('turn'), request }),
  v.strictObject({
    type: v.literal('witness'),
    request,
    session: sessionId,
    config,
    secretHashes: v.pipe(v.array(bytesOf(witnessSecretBytes)), v.minLength(1), v.maxLength(mostVoters)),
  }),
  v.strictObject({
    type: v.literal('grant'),
    request,
    config,
    secret: bytesOf(witnessSecretBytes),
    vote: voteSchema,
  }),
  relay,
  v.strictObject({ type: v.literal('close'), route }),
  v.strictObject({ type: v.literal('pong') }),
])

/** Why the service refuses something: each is a code of `ConvoyError`. */
export const refusalCodes = [
  'protocol-version',
  'message-malformed',
  'message-too-large',
  'message-unauthentic',
  'message-expired',
  'message-replayed',
  'message-misaddressed',
  'not-permitted',
  'session-not-found',
  'rate-limited',
] as const

/** What the service sends to a client. */
export const serviceFrameSchema = byType([
  v.strictObject({
    type: v.literal('welcome'),
    version: count,
    /** The service pings this often, ms. */
    pingMs: v.pipe(count, v.minValue(100), v.maxValue(600_000)),
    /** UDP port that answers STUN; null when none does. */
    stunPort: v.nullable(v.pipe(count, v.minValue(1), v.maxValue(65_535))),
    /** Where that port is; null means at the host name the client dialled. */
    stunHost: v.nullable(token(255)),
    /** Who breaks the tie of two voters here; null where nobody does. */
    witness: v.nullable(v.strictObject({ key: publicKey, boot: bytesOf(witnessBootBytes) })),
    /** TURN servers and credentials for this client; left out where the service has none. */
    turn: v.optional(turnAccessSchema),
  }),
  v.strictObject({ type: v.literal('announced'), request, resume: resumeToken }),
  v.strictObject({ type: v.literal('withdrawn'), request }),
  v.strictObject({ type: v.literal('opened'), request, route, envelope, proof: successionSchema }),
  v.strictObject({
    type: v.literal('listed'),
    request,
    envelopes: v.pipe(v.array(envelope), v.maxLength(frameLimits.envelopesPerFrame)),
    more: v.boolean(),
  }),
  v.strictObject({
    type: v.literal('refused'),
    request: v.nullable(request),
    code: v.picklist(refusalCodes),
    reason: displayText(limits.reasonLength),
  }),
  v.strictObject({ type: v.literal('witnessing'), request }),
  v.strictObject({ type: v.literal('provided'), request, turn: v.nullable(turnAccessSchema) }),
  v.strictObject({ type: v.literal('granted'), request, vote: bytesUpTo(voteBytes) }),
  v.strictObject({
    type: v.literal('incoming'),
    route,
    session: sessionId,
    /** Alike for joiners of one address; left out where the service does not tell addresses apart. */
    origin: v.optional(bytesOf(originBytes)),
  }),
  relay,
  v.strictObject({ type: v.literal('closed'), route }),
  v.strictObject({
    type: v.literal('dropped'),
    session: sessionId,
    cause: v.picklist(['replaced', 'expired']),
  }),
  v.strictObject({ type: v.literal('ping') }),
])

/** See {@link clientFrameSchema}. */
export type ClientFrame = v.InferOutput<typeof clientFrameSchema>
/** See {@link serviceFrameSchema}. */
export type ServiceFrame = v.InferOutput<typeof serviceFrameSchema>
/** See {@link refusalCodes}. */
export type RefusalCode = (typeof refusalCodes)[number]

/** WebSocket close codes of the service, from the range RFC 6455 section 7.4.2 leaves to applications. */
export const cutCodes = {
  /** The service shuts down (RFC 6455's own code). */
  'going-away': 1001,
  /** Nothing announced, open or asked for in a while: come back when needed. */
  idle: 4001,
  /** No sign of life. */
  silent: 4002,
  /** Sent far more than the limits allow. */
  flood: 4003,
  /** Sent too many malformed frames. */
  malformed: 4004,
  /** Doesn't read what is sent to it. */
  slow: 4005,
  /** Speaks another version of the frames. */
  version: 4006,
} as const

/** See {@link cutCodes}. */
export type CutReason = keyof typeof cutCodes

/** @throws ConvoyError `invalid-argument` or `message-too-large`: a mistake of the caller. */
export function encodeClientFrame(frame: ClientFrame): Uint8Array {
  return encodeMessage(clientFrameSchema, frame, frameLimits.frameBytes)
}

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export function decodeClientFrame(bytes: Uint8Array): ClientFrame {
  return decodeMessage(clientFrameSchema, bytes, frameLimits.frameBytes)
}

/** @throws ConvoyError `invalid-argument` or `message-too-large`: a mistake of the caller. */
export function encodeServiceFrame(frame: ServiceFrame): Uint8Array {
  return encodeMessage(serviceFrameSchema, frame, frameLimits.frameBytes)
}

/** @throws ConvoyError `message-too-large` or `message-malformed`. */
export function decodeServiceFrame(bytes: Uint8Array): ServiceFrame {
  return decodeMessage(serviceFrameSchema, bytes, frameLimits.frameBytes)
}
