import * as v from 'valibot'
import { ConvoyError, equalBytes, toHex } from '../../core/index.ts'
import { openEnvelope, signEnvelope } from '../../identity/index.ts'
import {
  bytesUpTo,
  count,
  decodeMessage,
  encodeMessage,
  incarnation,
  sessionId,
} from '../../protocol/index.ts'
import type { RecordMember, Session } from '../../session/index.ts'
import {
  digestBytes,
  digestLifetimeMs,
  periodsPerDigest,
  sampleHashBytes,
  samplesPerDigest,
} from './constants.ts'

const digestSchema = v.strictObject({
  sessionId,
  incarnation,
  /** Number of the first period covered, since the process started: sequences are these numbers modulo 2^16. */
  first: count,
  /** How many periods it covers. */
  periods: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(periodsPerDigest)),
  /** The hash of every sample that was sent to anybody in these periods, one after the other. */
  hashes: v.pipe(
    bytesUpTo(samplesPerDigest * sampleHashBytes),
    v.check((bytes) => bytes.length % sampleHashBytes === 0, 'Expected whole hashes'),
  ),
})

/** What a member published in some periods, one after the other. */
export interface PublishedSamples {
  /** Number of the first period, since its process started. */
  readonly first: number
  readonly periods: number
  /** Hashes, one after the other. */
  readonly hashes: Uint8Array
}

/** A digest whose signature was checked. */
export interface Digest {
  readonly first: number
  readonly periods: number
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
  const { body } = await openEnvelope(envelope, {
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
  return { first: digest.first, periods: digest.periods, hashes }
}
