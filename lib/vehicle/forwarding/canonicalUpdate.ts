import { BitWriter } from '../../core/index.ts'
import { domainHash } from '../../identity/index.ts'
import { maxCodesBytes, writeCodes, type Codes } from '../codec/index.ts'
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

/** The hash of a sample by which digests name it ([FWD-5]). */
export function hashOfSample(canonical: Uint8Array): Uint8Array {
  return domainHash('openconvoy sample 1', sampleHashBytes, canonical)
}
