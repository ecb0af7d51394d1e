import { concat } from '../core/index.ts'
import { envelopeNonceBytes, envelopeVersion, keyBytes, signatureBytes } from './constants.ts'

/** What envelopes are for, with the code of each on the wire. A signature for one is none for another. */
const purposeCodes = {
  announcement: 1,
  knock: 2,
  signal: 3,
  ticket: 4,
  entry: 5,
  grant: 6,
  digest: 7,
  report: 8,
  message: 9,
  vote: 10,
  request: 11,
  attestation: 12,
} as const

/** What an envelope is for: a closed set, see [IDN-7]. */
export type EnvelopePurpose = keyof typeof purposeCodes

const purposeByCode = new Map<number, EnvelopePurpose>(
  Object.entries(purposeCodes).map(([purpose, code]) => [code, purpose as EnvelopePurpose]),
)

/** Everything in an envelope but the signature. */
export interface UnsignedEnvelope {
  purpose: EnvelopePurpose
  signKey: Uint8Array
  audience: Uint8Array | undefined
  nonce: Uint8Array
  issuedAt: number
  expiresAt: number
  body: Uint8Array
}

/** A parsed envelope; the arrays are views of it. */
export interface EnvelopeFields extends UnsignedEnvelope {
  /** All bytes before the signature. */
  unsigned: Uint8Array
  signature: Uint8Array
}

const timeBytes = 6
// Version, purpose, sign key, audience flag, nonce, two times.
const headerBytes = 1 + 1 + keyBytes + 1 + envelopeNonceBytes + 2 * timeBytes

/** Bytes that an envelope without audience adds to its body. */
export const envelopeOverhead = headerBytes + signatureBytes

/** Lays out the fields as [IDN-6] says, without the signature. */
export function writeUnsigned(fields: UnsignedEnvelope): Uint8Array {
  return concat(
    Uint8Array.of(envelopeVersion, purposeCodes[fields.purpose]),
    fields.signKey,
    Uint8Array.of(fields.audience === undefined ? 0 : 1),
    fields.audience ?? new Uint8Array(0),
    fields.nonce,
    uint48(fields.issuedAt),
    uint48(fields.expiresAt),
    fields.body,
  )
}

/** The version byte, which comes first in every version; undefined when there is none. */
export function readVersion(bytes: Uint8Array): number | undefined {
  return bytes[0]
}

/** Takes an envelope apart; undefined when it is none. */
export function parseEnvelope(bytes: Uint8Array): EnvelopeFields | undefined {
  let offset = 0
  const take = (length: number): Uint8Array => bytes.subarray(offset, (offset += length))
  if (bytes.length < envelopeOverhead) return undefined
  const [, purposeCode] = take(2)
  const purpose = purposeByCode.get(purposeCode ?? 0)
  const signKey = take(keyBytes)
  const [audienceFlag] = take(1)
  if (purpose === undefined || audienceFlag === undefined || audienceFlag > 1) return undefined
  if (audienceFlag === 1 && bytes.length < envelopeOverhead + keyBytes) return undefined
  const audience = audienceFlag === 1 ? take(keyBytes) : undefined
  const nonce = take(envelopeNonceBytes)
  const issuedAt = readUint48(take(timeBytes))
  const expiresAt = readUint48(take(timeBytes))
  if (expiresAt <= issuedAt) return undefined
  const unsigned = bytes.subarray(0, bytes.length - signatureBytes)
  const body = unsigned.subarray(offset)
  const signature = bytes.subarray(unsigned.length)
  return { purpose, signKey, audience, nonce, issuedAt, expiresAt, body, unsigned, signature }
}

function uint48(value: number): Uint8Array {
  const bytes = new Uint8Array(timeBytes)
  let rest = value
  for (let index = timeBytes - 1; index >= 0; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

function readUint48(bytes: Uint8Array): number {
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}
