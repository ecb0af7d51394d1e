import * as v from 'valibot'
import { ConvoyError, equalBytes, type Clock, type RandomSource } from '../core/index.ts'
import {
  count,
  decodeMessage,
  displayText,
  encodeMessage,
  nonce,
  publicKey,
  sessionId,
  vehicleClass,
} from '../protocol/index.ts'
import { announcementBytes, sessionIdLength } from './constants.ts'
import { openEnvelope, signEnvelope } from './envelope.ts'
import { fingerprintBytes } from './fingerprint.ts'
import { domainHash } from './hash.ts'
import type { Identity, PublicIdentity, Verify } from './identity.ts'

/** What the public list shows of a session. */
export const listingSchema = v.strictObject({
  lobbyName: displayText(63),
  description: displayText(63),
  /** Null when the host compares no game. */
  game: v.nullable(v.strictObject({ name: displayText(32, 1), version: displayText(32, 1) })),
  /** Members now, the host included. */
  players: count,
  maxPlayers: count,
  passwordRequired: v.boolean(),
  vehicleClasses: v.pipe(v.array(vehicleClass), v.maxLength(8)),
})

/** What a host signs to be found: see [IDN-14]. */
export const announcementSchema = v.strictObject({
  sessionId,
  /** Sign key of who founded the session. */
  founderKey: publicKey,
  founderNonce: nonce,
  /** What knocks are sealed to. */
  boxKey: publicKey,
  /** Null keeps the session off the public list; an invite still reaches it. */
  listing: v.nullable(listingSchema),
})

/** See {@link listingSchema}. */
export type Listing = v.InferOutput<typeof listingSchema>
/** See {@link announcementSchema}. */
export type AnnouncementBody = v.InferOutput<typeof announcementSchema>

/** An announcement that passed every check. */
export interface OpenedAnnouncement extends AnnouncementBody {
  /** Who announces: the keys that the invite's fingerprint covers. */
  readonly host: PublicIdentity
  /** Milliseconds since the Unix epoch on the host's clock. */
  readonly issuedAt: number
  /** Milliseconds since the Unix epoch on the host's clock. */
  readonly expiresAt: number
}

/** What {@link openAnnouncement} holds an announcement against. */
export interface OpenAnnouncementOptions {
  clock: Clock
  /** What checks the signature (default `verifySignature`). */
  verify?: Verify | undefined
  /** The session asked for; any where left out. */
  sessionId?: Uint8Array | undefined
  /** The fingerprint in the invite; any host where left out. */
  hostFingerprint?: Uint8Array | undefined
}

/**
 * The id of the session that the owner of `founderKey` founds with `founderNonce` ([SES-1]): nobody else can
 * announce it, since the announcement shows both and is signed with that key.
 */
export function deriveSessionId(founderKey: Uint8Array, founderNonce: Uint8Array): Uint8Array {
  return domainHash('openconvoy session 1', sessionIdLength, founderKey, founderNonce)
}

/**
 * Signs an announcement as its host.
 * @throws ConvoyError `invalid-argument` when the body does not fit its schema, the identity or the session id.
 */
export function signAnnouncement(
  identity: Identity,
  body: AnnouncementBody,
  options: { clock: Clock; random: RandomSource; lifetimeMs: number },
): Promise<Uint8Array> {
  const mistake = foundingMistake(body, identity.signKey)
  if (mistake !== undefined) throw new ConvoyError('invalid-argument', mistake)
  if (!equalBytes(body.boxKey, identity.boxKey)) {
    throw new ConvoyError(
      'invalid-argument',
      'An announcement names the box key of the identity that signs it.',
    )
  }
  const bytes = encodeMessage(announcementSchema, body, announcementBytes)
  return signEnvelope(
    identity,
    { purpose: 'announcement', body: bytes, lifetimeMs: options.lifetimeMs },
    options,
  )
}

/**
 * Checks what a rendezvous handed out as the announcement of a session.
 * @throws ConvoyError those of {@link openEnvelope}; `message-unauthentic` when the signer is not the founder of
 * the session; `session-not-found` when it is another session than asked for; `host-mismatch` when it is
 * another host than in the invite.
 */
export async function openAnnouncement(
  envelope: Uint8Array,
  options: OpenAnnouncementOptions,
): Promise<OpenedAnnouncement> {
  const opened = await openEnvelope(envelope, {
    purpose: 'announcement',
    clock: options.clock,
    maxBytes: announcementBytes,
    verify: options.verify,
  })
  const body = decodeMessage(announcementSchema, opened.body, announcementBytes)
  const mistake = foundingMistake(body, opened.signKey)
  if (mistake !== undefined) throw new ConvoyError('message-unauthentic', mistake)
  if (options.sessionId !== undefined && !equalBytes(body.sessionId, options.sessionId)) {
    throw new ConvoyError(
      'session-not-found',
      'The rendezvous answered with another session; try again later.',
    )
  }
  const host: PublicIdentity = { signKey: opened.signKey, boxKey: body.boxKey }
  if (options.hostFingerprint !== undefined && !equalBytes(fingerprintBytes(host), options.hostFingerprint)) {
    throw new ConvoyError(
      'host-mismatch',
      'Somebody else than the host in the invite answered: ask the host for a new invite.',
    )
  }
  return { ...body, host, issuedAt: opened.issuedAt, expiresAt: opened.expiresAt }
}

/** Why `signKey` may not announce this session; undefined when it may. */
function foundingMistake(body: AnnouncementBody, signKey: Uint8Array): string | undefined {
  if (!equalBytes(body.founderKey, signKey)) return 'A session is announced by its founder only.'
  if (!equalBytes(body.sessionId, deriveSessionId(body.founderKey, body.founderNonce))) {
    return 'The session id does not belong to the founder.'
  }
  return undefined
}
