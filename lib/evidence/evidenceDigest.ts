import * as v from 'valibot'
import { ConvoyError, equalBytes, toHex, utf8 } from '../core/index.ts'
import { domainHash, inspectEnvelope, openEnvelope, signEnvelope, type Verify } from '../identity/index.ts'
import { bytesUpTo, decodeMessage, encodeMessage, incarnation, sessionId } from '../protocol/index.ts'
import type { RecordMember, Session } from '../session/index.ts'
import { digestLifetimeMs, sampleHashBytes, ticksPerDigest } from '../vehicle/index.ts'
import { messageHashBytes, messagesPerDigest, samplesPerDigest } from './constants.ts'

const hashesUpTo = (count: number, bytesOfOne: number) =>
  v.pipe(
    bytesUpTo(count * bytesOfOne),
    v.check((bytes) => bytes.length % bytesOfOne === 0, 'Expected whole hashes'),
  )

// A program may say that it sampled before its clock began.
const sampleTime = v.pipe(v.number(), v.safeInteger())

const digestSchema = v.strictObject({
  sessionId,
  incarnation,
  /** Null where none was sent. Times in ¼ ms on the driver's clock, not modulo anything. */
  samples: v.nullable(
    v.pipe(
      v.strictObject({
        from: sampleTime,
        to: sampleTime,
        /** The hash of every sample of the time from one to the other that was sent to the digest's audience. */
        hashes: hashesUpTo(samplesPerDigest, sampleHashBytes),
      }),
      v.check(({ from, to }) => to >= from && to - from < ticksPerDigest, 'Expected at most four minutes'),
    ),
  ),
  /** Hashes of messages sent to it. */
  messages: hashesUpTo(messagesPerDigest, messageHashBytes),
})

type DigestBody = v.InferOutput<typeof digestSchema>

/** Bytes of a signed digest: its hashes, the envelope and the fields around them. */
export const evidenceDigestBytes =
  samplesPerDigest * sampleHashBytes + messagesPerDigest * messageHashBytes + 512

/** What a member signs that it sent to one other. */
export type EvidenceContent = Pick<DigestBody, 'samples' | 'messages'>

/** A digest whose signature was checked. */
export interface EvidenceDigest {
  /** Samples of this time that its signer sent to its audience; undefined where there are none. ¼ ms. */
  readonly span: { readonly from: number; readonly to: number } | undefined
  /** In hexadecimal. */
  readonly samples: ReadonlySet<string>
  readonly messages: ReadonlySet<string>
  /** Milliseconds since the Unix epoch, on its signer's clock. */
  readonly issuedAt: number
}

/** The hash by which digests name a message ([EVD-4]). */
export function hashOfMessage(channel: string, body: Uint8Array): Uint8Array {
  return domainHash('openconvoy message 1', messageHashBytes, utf8(`${channel}\0`), body)
}

/** Signs what this member sent to `recipient`. */
export function signEvidence(
  { environment, record, self }: Pick<Session, 'environment' | 'record' | 'self'>,
  recipient: RecordMember,
  content: EvidenceContent,
): Promise<Uint8Array> {
  const body = encodeMessage(
    digestSchema,
    { sessionId: record.sessionId, incarnation: self.incarnation, ...content },
    evidenceDigestBytes,
  )
  return signEnvelope(
    environment.identity,
    { purpose: 'digest', audience: recipient.signKey, body, lifetimeMs: digestLifetimeMs },
    environment,
  )
}

/**
 * Checks a digest that `signer` made for this member.
 * @throws ConvoyError as `openEnvelope` does, `message-malformed`, or `message-misaddressed` when it is about
 * another session or process.
 */
export async function openEvidence(
  { environment, record, self }: Session,
  signer: RecordMember,
  envelope: Uint8Array,
): Promise<EvidenceDigest> {
  const { body, issuedAt } = await openEnvelope(envelope, {
    purpose: 'digest',
    signer: signer.signKey,
    audience: self.signKey,
    requireAudience: true,
    clock: environment.clock,
    verify: environment.verify,
    maxBytes: evidenceDigestBytes,
  })
  return digestOf(body, issuedAt, { sessionId: record.sessionId, incarnation: signer.incarnation })
}

/** Whom a digest found in a file has to be from, to and about. */
export interface DigestClaim {
  readonly signKey: Uint8Array
  readonly audience: Uint8Array
  readonly sessionId: Uint8Array
  readonly incarnation: Uint8Array
}

/** A digest found in a file; undefined where it is not what `claim` says, or its signature doesn't fit. */
export async function inspectEvidence(
  envelope: Uint8Array,
  claim: DigestClaim,
  verify: Verify | undefined,
): Promise<EvidenceDigest | undefined> {
  const found = await inspectEnvelope(envelope, 'digest', verify)
  if (found?.authentic !== true || !equalBytes(found.signKey, claim.signKey)) return undefined
  if (found.audience === undefined || !equalBytes(found.audience, claim.audience)) return undefined
  try {
    return digestOf(found.body, found.issuedAt, claim)
  } catch {
    return undefined
  }
}

/** Whether a sample taken at `ticks` is one that a digest names if its signer sent it. */
export function covers({ span }: EvidenceDigest, ticks: number): boolean {
  // Modulo 2^24, so that it may wrap within a digest.
  return span !== undefined && ((ticks - span.from) & 0xffffff) <= span.to - span.from
}

function digestOf(
  body: Uint8Array,
  issuedAt: number,
  about: Pick<DigestClaim, 'sessionId' | 'incarnation'>,
): EvidenceDigest {
  const digest = decodeMessage(digestSchema, body, evidenceDigestBytes)
  if (!equalBytes(digest.sessionId, about.sessionId) || !equalBytes(digest.incarnation, about.incarnation)) {
    throw new ConvoyError('message-misaddressed', 'The digest is about another session or process.')
  }
  const { samples } = digest
  return {
    span: samples === null ? undefined : { from: samples.from, to: samples.to },
    samples: hashSet(samples?.hashes ?? new Uint8Array(0), sampleHashBytes),
    messages: hashSet(digest.messages, messageHashBytes),
    issuedAt,
  }
}

function hashSet(bytes: Uint8Array, bytesOfOne: number): ReadonlySet<string> {
  const hashes = new Set<string>()
  for (let offset = 0; offset < bytes.length; offset += bytesOfOne) {
    hashes.add(toHex(bytes.subarray(offset, offset + bytesOfOne)))
  }
  return hashes
}
