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
import { announcementBytes } from './constants.ts'
import { openEnvelope, signEnvelope } from './envelope.ts'
import { parseEnvelope } from './envelopeLayout.ts'
import { fingerprintBytes } from './fingerprint.ts'
import type { Identity, PublicIdentity, Verify } from './identity.ts'
import { isFoundedBy } from './sessionId.ts'
import { verifySuccession } from './succession.ts'

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
  /** Of a host that was elected, or of a meeting point; left out where the founder has been host from the beginning. */
  succession: v.optional(
    v.strictObject({
      /** The epoch that the host was elected for; that of a meeting point may be 0. */
      epoch: count,
      /** With the founder's sign key it makes the fingerprint in the invite. */
      founderBoxKey: publicKey,
      /** True where it is not the host that announces, but a voter of a session that has lost it ([SUC-12]). */
      meeting: v.optional(v.literal(true)),
    }),
  ),
  /** Null keeps the session off the public list; an invite still reaches it. */
  listing: v.nullable(listingSchema),
})

/** See {@link listingSchema}. */
export type Listing = v.InferOutput<typeof listingSchema>
/** See {@link announcementSchema}. */
export type AnnouncementBody = v.InferOutput<typeof announcementSchema>

/** An announcement that passed every check. */
export interface OpenedAnnouncement extends AnnouncementBody {
  /** Who announces. */
  readonly host: PublicIdentity
  /** Who founded the session: the keys that the invite's fingerprint covers. */
  readonly founder: PublicIdentity
  /** The term of authority of the host; 0 for the founder, who was not elected. */
  readonly epoch: number
  /** Whether who announces decides nothing: members that lost their host, and each other, meet there ([SUC-12]). */
  readonly isMeeting: boolean
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
  /** What came with the announcement of a host that was elected: see `succession`. */
  proof?: readonly Uint8Array[] | undefined
  /** The session asked for; any where left out. */
  sessionId?: Uint8Array | undefined
  /** The fingerprint in the invite; any session's where left out. */
  hostFingerprint?: Uint8Array | undefined
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
 * Checks what a rendezvous handed out as the announcement of a session ([IDN-15]).
 * @throws ConvoyError those of {@link openEnvelope} and {@link verifySuccession}; `message-unauthentic` when the signer is
 * neither the founder nor the host that the proof leads to, nor, for a meeting point, one who votes there; `session-not-found` when it is another session than asked for;
 * `host-mismatch` when it was founded by another peer than the invite says.
 */
export async function openAnnouncement(
  envelope: Uint8Array,
  options: OpenAnnouncementOptions,
): Promise<OpenedAnnouncement> {
  const { clock, verify, proof = [] } = options
  const opened = await openEnvelope(envelope, {
    purpose: 'announcement',
    clock,
    maxBytes: announcementBytes,
    verify,
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
  const founder = {
    signKey: body.founderKey,
    boxKey: body.succession?.founderBoxKey ?? body.boxKey,
  }
  if (
    options.hostFingerprint !== undefined &&
    !equalBytes(fingerprintBytes(founder), options.hostFingerprint)
  ) {
    throw new ConvoyError(
      'host-mismatch',
      'Somebody else than the host in the invite answered: ask the host for a new invite.',
    )
  }
  const epoch = body.succession?.epoch ?? 0
  const isMeeting = body.succession?.meeting === true
  if (epoch === 0 && !isMeeting && (proof.length > 0 || body.succession !== undefined))
    throw new ConvoyError('message-malformed', 'A founder that was not elected has nothing to prove.')
  if (isMeeting && body.listing !== null)
    throw new ConvoyError('message-malformed', 'A meeting point is on no list: nobody can join there.')
  // Last, since it is the dearest.
  if (body.succession !== undefined) {
    const { host: proven, electorate } = await verifySuccession(body, proof, { clock, verify })
    const mayAnnounce = isMeeting ? electorate.voters : [proven]
    if (proven.epoch !== epoch || !mayAnnounce.some(({ signKey }) => equalBytes(signKey, opened.signKey)))
      throw new ConvoyError('message-unauthentic', 'The proof of who is host leads to another peer.')
  }
  return { ...body, host, founder, epoch, isMeeting, issuedAt: opened.issuedAt, expiresAt: opened.expiresAt }
}

/** The session that an announcement says it is of, before anything is verified; undefined when it is malformed. */
export function peekAnnouncement(envelope: Uint8Array): Uint8Array | undefined {
  const fields = envelope.length > announcementBytes ? undefined : parseEnvelope(envelope)
  if (fields?.purpose !== 'announcement') return undefined
  try {
    return decodeMessage(announcementSchema, fields.body, announcementBytes).sessionId
  } catch {
    return undefined
  }
}

/** Why `signKey` may not announce this session, as far as the body shows; undefined when it may. */
function foundingMistake(body: AnnouncementBody, signKey: Uint8Array): string | undefined {
  if (body.succession === undefined && !equalBytes(body.founderKey, signKey))
    return 'A session is announced by its founder, or by who proves to have followed.'
  if (!isFoundedBy(body)) return 'The session id does not belong to the founder.'
  return undefined
}
