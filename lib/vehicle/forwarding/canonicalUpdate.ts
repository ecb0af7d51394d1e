import { BitReader, BitWriter } from '../../core/index.ts'
import { domainHash } from '../../identity/index.ts'
import { areValid, maxCodesBytes, readCodes, writeCodes, type Codes, type Known } from '../codec/index.ts'
import { timeBits } from '../sampleTime.ts'
import { sampleHashBytes } from './constants.ts'

/** Bytes of the longest canonical update. */
export const maxCanonicalBytes = timeBits / 8 + maxCodesBytes

const writer = new BitWriter(new Uint8Array(0))

/**
 * Writes the canonical bytes of a sample into `into`: its time, then its codes, filled with zero bits to whole bytes;
 * the same however it crossed a link ([FWD-5]). Allocates nothing.
 * @param ticks - when it was sampled, ¼ ms modulo 2^24.
 * @returns how many bits.
 */
export function writeCanonical(into: Uint8Array, ticks: number, codes: Codes): number {
  writer.reset(into)
  writer.write(ticks, timeBits)
  writeCodes(writer, codes)
  return writer.position
}

const reader = new BitReader(new Uint8Array(0))

/** Reads what {@link writeCanonical} wrote; false when `bytes` are no sample's. */
export function readCanonical(bytes: Uint8Array, into: Known): boolean {
  reader.reset(bytes)
  into.ticks = reader.read(timeBits)
  if (!readCodes(reader, into.codes) || !areValid(into.codes)) return false
  const padding = reader.remaining
  return padding < 8 && (padding === 0 || reader.read(padding) === 0)
}

/** The hash of a sample by which digests name it ([FWD-5]). */
export function hashOfSample(canonical: Uint8Array): Uint8Array {
  return domainHash('openconvoy sample 1', sampleHashBytes, canonical)
}
