import * as v from 'valibot'
import { ConvoyError, equalBytes, toHex } from '../core/index.ts'
import { bytesOf, bytesUpTo, count, decodeMessage, encodeMessage, publicKey } from '../protocol/index.ts'
import type { AuthorityAt } from './authorityAt.ts'
import { attestationBytes, entryLifetimeMs, mostVoters, successionBytes } from './constants.ts'
import { majorityOf } from './election.ts'
import { openEnvelope, signEnvelope } from './envelope.ts'
import { domainHash } from './hash.ts'
import type { Opening, Signing } from './vote.ts'

/** Who decides and who votes from an entry of the record on. */
const standpointSchema = v.strictObject({
  epoch: count,
  host: publicKey,
  /** Number and digest of the last entry that said who decides or who votes. */
  number: count,
  digest: bytesOf(32),
  voters: v.pipe(v.array(publicKey), v.minLength(1), v.maxLength(mostVoters)),
  witness: v.nullable(publicKey),
})

/** A standpoint with the word of enough of those who voted once ([SUC-11]). */
const certificateSchema = v.strictObject({
  standpoint: standpointSchema,
  attestations: v.pipe(v.array(bytesUpTo(attestationBytes)), v.minLength(1), v.maxLength(mostVoters)),
})

type Standpoint = v.InferOutput<typeof standpointSchema>

/** Where an item of a succession proof is a MessagePack map it is a certificate; an entry begins with its version. */
export function isCertificate(item: Uint8Array): boolean {
  return ((item[0] ?? 0) & 0xf0) === 0x80
}

/**
 * Signs that `at` is how the record of a session stands ([SUC-10]). That it does is the caller's matter.
 * @throws ConvoyError `invalid-argument` for who decides by the founding alone.
 */
export function signAttestation(
  { identity, clock, random }: Signing,
  sessionId: Uint8Array,
  at: AuthorityAt,
): Promise<Uint8Array> {
  const body = digestOf(sessionId, standpointOf(at))
  const content = { purpose: 'attestation', body, lifetimeMs: entryLifetimeMs } as const
  return signEnvelope(identity, content, { clock, random })
}

/**
 * Checks that an attestation says `at`.
 * @returns sign key of who signed it.
 * @throws ConvoyError `message-unauthentic` when it says something else; those of `openEnvelope`.
 */
export function openAttestation(
  opening: Opening,
  sessionId: Uint8Array,
  at: AuthorityAt,
  attestation: Uint8Array,
): Promise<Uint8Array> {
  return openWord(opening, digestOf(sessionId, standpointOf(at)), attestation)
}

/**
 * Puts the attestations of those who voted once together: with them, who knows that electorate knows `at`.
 * @throws ConvoyError `invalid-argument` for none, for too many, or for who decides by the founding alone.
 */
export function makeCertificate(at: AuthorityAt, attestations: readonly Uint8Array[]): Uint8Array {
  const certificate = { standpoint: standpointOf(at), attestations: [...attestations] }
  return encodeMessage(certificateSchema, certificate, successionBytes)
}

/**
 * Takes a certificate of a succession proof: more than half of those who voted before have to attest it ([SUC-11]).
 * @throws ConvoyError `message-malformed` or `message-unauthentic`, and what opening an envelope throws.
 */
export async function followCertificate(
  { host, electorate, last }: AuthorityAt,
  sessionId: Uint8Array,
  bytes: Uint8Array,
  opening: Opening,
): Promise<AuthorityAt> {
  const { standpoint, attestations } = decodeMessage(certificateSchema, bytes, successionBytes)
  if (standpoint.number <= last.number)
    throw new ConvoyError('message-malformed', 'The certificates of the proof are not in order.')
  const isOlder = standpoint.epoch < host.epoch
  if (isOlder || (standpoint.epoch === host.epoch && !equalBytes(standpoint.host, host.signKey)))
    throw new ConvoyError(
      'message-malformed',
      'A certificate of the proof does not follow what is before it.',
    )
  const entitled = new Set(electorate.voters.map(({ signKey }) => toHex(signKey)))
  const digest = digestOf(sessionId, standpoint)
  const attested = new Set<string>()
  for (const attestation of attestations) {
    const signer = toHex(await openWord(opening, digest, attestation))
    if (!entitled.has(signer))
      throw new ConvoyError('message-unauthentic', 'A certificate was attested by a peer that did not vote.')
    attested.add(signer)
  }
  if (attested.size < majorityOf(electorate))
    throw new ConvoyError('message-unauthentic', 'A certificate takes more than half of those who voted.')
  return authorityOf(standpoint)
}

async function openWord(
  { clock, verify }: Opening,
  digest: Uint8Array,
  attestation: Uint8Array,
): Promise<Uint8Array> {
  const options = { clock, verify, purpose: 'attestation', maxBytes: attestationBytes } as const
  const { signKey, body } = await openEnvelope(attestation, options)
  if (!equalBytes(body, digest))
    throw new ConvoyError('message-unauthentic', 'What a former voter attested is something else.')
  return signKey
}

function standpointOf({ host, electorate, last }: AuthorityAt): Standpoint {
  if (last.digest === undefined)
    throw new ConvoyError('invalid-argument', 'Who decides by the founding needs nobody to attest it.')
  return {
    epoch: host.epoch,
    host: host.signKey,
    number: last.number,
    digest: last.digest,
    voters: electorate.voters.map(({ signKey }) => signKey),
    witness: electorate.witness,
  }
}

function authorityOf({ epoch, host, number, digest, voters, witness }: Standpoint): AuthorityAt {
  return {
    host: { signKey: host, epoch },
    electorate: { voters: voters.map((signKey) => ({ signKey })), witness },
    last: { number, digest },
  }
}

/** What is signed instead of the whole, which is with the certificate already. */
function digestOf(sessionId: Uint8Array, standpoint: Standpoint): Uint8Array {
  const bytes = encodeMessage(standpointSchema, standpoint, successionBytes)
  return domainHash('openconvoy standpoint 1', 32, sessionId, bytes)
}
