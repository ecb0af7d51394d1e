import { BitWriter } from '../../core/index.ts'
import { domainHash } from '../../identity/index.ts'
import type { VehicleState } from '../../protocol/index.ts'
import { maxUpdateBits, writeUpdate } from '../codec.ts'
import { sampleHashBytes } from './constants.ts'

/** Bytes of the longest canonical update. */
export const maxCanonicalBytes = Math.ceil(maxUpdateBits / 8)

const writer = new BitWriter(new Uint8Array(0))

/**
 * Writes the canonical bytes of a sample into `into`: the absolute update of [VEH-10] by itself, filled with zero bits
 * to whole bytes, however it crossed a link. Allocates nothing.
 * @returns how many bits.
 */
export function writeCanonical(
  into: Uint8Array,
  sequence: number,
  time: number,
  state: Readonly<VehicleState>,
): number {
  writer.reset(into)
  writeUpdate(writer, sequence, time, state)
  return writer.position
}

/** The hash of a sample by which digests name it ([FWD-5]). */
export function hashOfSample(canonical: Uint8Array): Uint8Array {
  return domainHash('openconvoy sample 1', sampleHashBytes, canonical)
}
