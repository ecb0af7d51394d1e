import {
  concat,
  ConvoyError,
  copyOf,
  equalBytes,
  utf8,
  type Clock,
  type RandomSource,
} from '../core/index.ts'
import { clockSkewMs, envelopeNonceBytes, envelopeVersion, keyBytes } from './constants.ts'
import {
  envelopeOverhead,
  parseEnvelope,
  readVersion,
  writeUnsigned,
  type EnvelopeFields,
  type EnvelopePurpose,
} from './envelopeLayout.ts'
import type { Identity, Verify } from './identity.ts'
import type { ReplayGuard } from './replayGuard.ts'
import { verifySignature } from './signer.ts'

/** What is put into an envelope. */
export interface EnvelopeContent {
  purpose: EnvelopePurpose
  body: Uint8Array
  /** Sign key of the only peer that the envelope is meant for; anybody where left out. */
  audience?: Uint8Array | undefined
  /** Milliseconds from now until it expires. */
  lifetimeMs: number
}

/** What {@link openEnvelope} holds an envelope against. */
export interface OpenEnvelopeOptions {
  purpose: EnvelopePurpose
  /** The sign key that the audience must be, where the envelope names one: usually one's own. */
  audience?: Uint8Array | undefined
  /** Refuses envelopes that name no audience (default false). */
  requireAudience?: boolean | undefined
  /** The only sign key that may have signed. */
  signer?: Uint8Array | undefined
  clock: Pick<Clock, 'wallTime'>
  /** Bytes of the whole envelope. */
  maxBytes: number
  /** What checks the signature (default {@link verifySignature}). */
  verify?: Verify | undefined
  /** Refuses what was accepted before; without one an envelope can be opened any number of times. */
  replays?: ReplayGuard | undefined
}

/** An envelope that passed every check. */
export interface OpenedEnvelope {
  /** Who signed. */
  readonly signKey: Uint8Array
  readonly body: Uint8Array
  readonly nonce: Uint8Array
  /** Milliseconds since the Unix epoch on the signer's clock. */
  readonly issuedAt: number
  /** Milliseconds since the Unix epoch on the signer's clock. */
  readonly expiresAt: number
}

/** What an envelope says of itself; nothing of it is proved. */
export interface PeekedEnvelope {
  readonly signKey: Uint8Array
  readonly purpose: EnvelopePurpose
  /** Milliseconds since the Unix epoch on the signer's clock. */
  readonly issuedAt: number
}

/**
 * Signs `content` as `identity`; the layout is in docs/protocol/01-identity.md [IDN-6].
 * @throws ConvoyError `invalid-argument` when the audience has not 32 bytes or the lifetime is not above 0.
 * @example
 * ```ts
 * const bytes = await signEnvelope(identity, { purpose: 'knock', body, audience: host.signKey, lifetimeMs: 60_000 }, { clock, random })
 * ```
 */
export async function signEnvelope(
  identity: Pick<Identity, 'signKey' | 'signer'>,
  content: EnvelopeContent,
  { clock, random }: { clock: Clock; random: RandomSource },
): Promise<Uint8Array> {
  if (content.audience !== undefined && content.audience.length !== keyBytes) {
    throw new ConvoyError('invalid-argument', `An audience is a sign key of ${keyBytes} bytes.`)
  }
  if (!(content.lifetimeMs > 0 && content.lifetimeMs < 2 ** 47)) {
    throw new ConvoyError('invalid-argument', 'The lifetime of an envelope must be above 0 ms.')
  }
  const issuedAt = Math.floor(clock.wallTime())
  const unsigned = writeUnsigned({
    purpose: content.purpose,
    signKey: identity.signKey,
    audience: content.audience,
    nonce: random.bytes(envelopeNonceBytes),
    issuedAt,
    expiresAt: issuedAt + Math.ceil(content.lifetimeMs),
    body: content.body,
  })
  return concat(unsigned, await identity.signer.sign(signedBytes(content.purpose, unsigned)))
}

/**
 * Checks an envelope and hands out what is inside. The checks run from cheap to dear, in the order of
 * [IDN-8]; a nonce counts as seen only once the signature was verified, so that nobody can use up the nonces
 * of another signer.
 * @throws ConvoyError in this order: `message-too-large`, `protocol-version`, `message-malformed`,
 * `message-misaddressed`, `message-expired`, `message-replayed`, `message-unauthentic`.
 */
export async function openEnvelope(
  envelope: Uint8Array,
  options: OpenEnvelopeOptions,
): Promise<OpenedEnvelope> {
  if (envelope.length > options.maxBytes) {
    throw new ConvoyError(
      'message-too-large',
      `The envelope has ${envelope.length} bytes; at most ${options.maxBytes} are allowed.`,
    )
  }
  // A copy, since the caller may reuse its buffer while the signature is being verified.
  const fields = readEnvelope(copyOf(envelope))
  checkAddress(fields, options)
  checkTime(fields, options.clock.wallTime())
  const { signKey, nonce, issuedAt, expiresAt, body } = fields
  if (options.replays?.has(signKey, nonce)) throw replayed()

  const verify = options.verify ?? verifySignature
  if (!(await verify(signedBytes(fields.purpose, fields.unsigned), fields.signature, signKey))) {
    throw new ConvoyError('message-unauthentic', 'The signature of the envelope does not fit.')
  }
  // Again, since the same envelope may have been verified at the same time.
  if (options.replays?.remember(signKey, nonce, expiresAt, options.clock.wallTime()) === false)
    throw replayed()
  return { signKey, body, nonce, issuedAt, expiresAt }
}

/** Who an envelope says has signed it, and for what: for budgets, before anything is verified. Undefined when malformed. */
export function peekEnvelope(envelope: Uint8Array): PeekedEnvelope | undefined {
  if (readVersion(envelope) !== envelopeVersion) return undefined
  const fields = parseEnvelope(envelope)
  return fields && { signKey: copyOf(fields.signKey), purpose: fields.purpose, issuedAt: fields.issuedAt }
}

/** An envelope as it is found in a file, whose time and signature may not fit any more. */
export interface InspectedEnvelope extends Omit<OpenedEnvelope, 'nonce' | 'expiresAt'> {
  readonly audience: Uint8Array | undefined
  /** Whether the signature fits. */
  readonly authentic: boolean
}

/**
 * Reads an envelope of `purpose` whether or not its signature fits, and whatever the time is: for evidence, which is looked
 * at much later, and shown also where it was altered. Undefined when it is no such envelope.
 */
export async function inspectEnvelope(
  envelope: Uint8Array,
  purpose: EnvelopePurpose,
  verify: Verify = verifySignature,
): Promise<InspectedEnvelope | undefined> {
  if (readVersion(envelope) !== envelopeVersion) return undefined
  const fields = parseEnvelope(copyOf(envelope))
  if (fields?.purpose !== purpose) return undefined
  const { signKey, audience, issuedAt, body } = fields
  const authentic = await verify(signedBytes(purpose, fields.unsigned), fields.signature, signKey)
  return { signKey, audience, issuedAt, body, authentic }
}

/** Bytes that an envelope adds to its body. */
export function envelopeOverheadOf(content: { audience?: Uint8Array | undefined }): number {
  return envelopeOverhead + (content.audience === undefined ? 0 : keyBytes)
}

function readEnvelope(bytes: Uint8Array): EnvelopeFields {
  const version = readVersion(bytes)
  if (version !== undefined && version !== envelopeVersion) {
    throw new ConvoyError(
      'protocol-version',
      `The envelope has version ${version}, this program reads ${envelopeVersion}: use the same version of OpenConvoy on both sides.`,
    )
  }
  const fields = parseEnvelope(bytes)
  if (fields === undefined)
    throw new ConvoyError('message-malformed', 'The message is not a signed envelope.')
  return fields
}

function checkAddress(fields: EnvelopeFields, options: OpenEnvelopeOptions): void {
  if (fields.purpose !== options.purpose) {
    throw new ConvoyError(
      'message-misaddressed',
      `The envelope was signed as ${fields.purpose}, not as ${options.purpose}.`,
    )
  }
  const audienceFits =
    fields.audience === undefined
      ? options.requireAudience !== true
      : options.audience !== undefined && equalBytes(fields.audience, options.audience)
  if (!audienceFits) throw new ConvoyError('message-misaddressed', 'The envelope is meant for another peer.')
  if (options.signer !== undefined && !equalBytes(fields.signKey, options.signer)) {
    throw new ConvoyError('message-unauthentic', 'The envelope was signed by another peer than expected.')
  }
}

function checkTime(fields: EnvelopeFields, wallTime: number): void {
  if (wallTime >= fields.expiresAt + clockSkewMs) {
    throw new ConvoyError('message-expired', 'The envelope has expired; check the clock of both computers.')
  }
  if (wallTime < fields.issuedAt - clockSkewMs) {
    throw new ConvoyError(
      'message-expired',
      'The envelope was signed in the future; check the clock of both computers.',
    )
  }
}

/** What the signature covers: the purpose in words, then every byte before the signature. */
function signedBytes(purpose: EnvelopePurpose, unsigned: Uint8Array): Uint8Array {
  return concat(utf8(`openconvoy envelope ${envelopeVersion} ${purpose}\0`), unsigned)
}

function replayed(): ConvoyError {
  return new ConvoyError('message-replayed', 'The envelope was received before.')
}
