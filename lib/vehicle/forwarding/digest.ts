import * as v from 'valibot'
import { ConvoyError, equalBytes, toHex } from '../../core/index.ts'
import { openEnvelope, signEnvelope } from '../../identity/index.ts'
import { bytesUpTo, decodeMessage, encodeMessage, incarnation, sessionId } from '../../protocol/index.ts'
import type { RecordMember, Session } from '../../session/index.ts'
import {
  digestBytes,
  digestLifetimeMs,
  sampleHashBytes,
  samplesPerDigest,
  ticksPerDigest,
} from './constants.ts'

// A program may say that it sampled before its clock began.
const sampleTime = v.pipe(v.number(), v.safeInteger())

const digestSchema = v.pipe(
  v.strictObject({
    sessionId,
    incarnation,
    /** When the oldest sample was taken, ¼ ms on the driver's clock: times in updates are these modulo 2^24. */
    from: sampleTime,
    /** When the newest was. */
    to: sampleTime,
    /** The hash of every sample of the time from one to the other that was sent to anybody, one after the other. */
    hashes: v.pipe(
      bytesUpTo(samplesPerDigest * sampleHashBytes),
      v.check((bytes) => bytes.length % sampleHashBytes === 0, 'Expected whole hashes'),
    ),
  }),
  v.check(({ from, to }) => to >= from && to - from < ticksPerDigest, 'Expected at most four minutes'),
)

/** What a member published of the samples that it took from one moment to another, both included. */
export interface PublishedSamples {
  /** When the oldest and the newest were taken, on its own clock, ¼ ms, not modulo anything. */
  readonly from: number
  readonly to: number
  /** Hashes, one after the other. */
  readonly hashes: Uint8Array
}

/** A digest whose signature was checked. */
export interface Digest {
  readonly from: number
  readonly to: number
  /** When it was signed, on its signer's wall clock. */
  readonly issuedAt: number
  /** In hexadecimal. */
  readonly hashes: ReadonlySet<string>
}

/** Signs what this member published ([FWD-5]). */
export function signDigest(session: Session, samples: PublishedSamples): Promise<Uint8Array> {
  const { environment, record, self } = session
  const body = encodeMessage(
    digestSchema,
    { sessionId: record.sessionId, incarnation: self.incarnation, ...samples },
    digestBytes,
  )
  const content = { purpose: 'digest', body, lifetimeMs: digestLifetimeMs } as const
  return signEnvelope(environment.identity, content, environment)
}

/**
 * Checks a digest of `origin`.
 * @throws ConvoyError as `openEnvelope` does, `message-malformed`, or `message-misaddressed` when it is about
 * another session or process.
 */
export async function openDigest(
  session: Session,
  origin: RecordMember,
  envelope: Uint8Array,
): Promise<Digest> {
  const { environment, record } = session
  const { body, issuedAt } = await openEnvelope(envelope, {
    purpose: 'digest',
    signer: origin.signKey,
    clock: environment.clock,
    verify: environment.verify,
    maxBytes: digestBytes,
  })
  const digest = decodeMessage(digestSchema, body, digestBytes)
  if (
    !equalBytes(digest.sessionId, record.sessionId) ||
    !equalBytes(digest.incarnation, origin.incarnation)
  ) {
    throw new ConvoyError('message-misaddressed', 'The digest is about another session or process.')
  }
  const hashes = new Set<string>()
  for (let offset = 0; offset < digest.hashes.length; offset += sampleHashBytes) {
    hashes.add(toHex(digest.hashes.subarray(offset, offset + sampleHashBytes)))
  }
  return { from: digest.from, to: digest.to, issuedAt, hashes }
}
