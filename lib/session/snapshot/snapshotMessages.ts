import * as v from 'valibot'
import { concat, ConvoyError } from '../../core/index.ts'
import { bytesUpTo, count } from '../../protocol/index.ts'
import { entriesMessageBytes } from '../constants.ts'
import { bundleBytes } from './constants.ts'

/** A part of a snapshot; all of them together, in order, are a bundle. */
export const snapshotMessageSchema = v.strictObject({
  type: v.literal('snapshot'),
  /** Bytes of the whole. */
  size: v.pipe(count, v.minValue(1), v.maxValue(bundleBytes)),
  /** Where this part begins; 0 for the first, which begins anew. */
  offset: count,
  part: v.pipe(
    bytesUpTo(entriesMessageBytes),
    v.check((part) => part.length > 0, 'Expected at least a byte'),
  ),
})

/** See {@link snapshotMessageSchema}. */
export type SnapshotMessage = v.InferOutput<typeof snapshotMessageSchema>

/** A bundle in as few messages as their size allows. */
export function* snapshotMessages(bundle: Uint8Array): Generator<SnapshotMessage> {
  const size = bundle.length
  for (let offset = 0; offset < size; offset += entriesMessageBytes)
    yield { type: 'snapshot', size, offset, part: bundle.subarray(offset, offset + entriesMessageBytes) }
}

/** Puts a bundle together again, of which the parts come in order. */
export class SnapshotParts {
  #parts: Uint8Array[] = []
  #filled = 0
  #size = 0

  /**
   * Takes a part; the whole with the last one.
   * @throws ConvoyError `message-malformed` for a part that does not follow the one before; the whole has to begin anew then.
   */
  take({ size, offset, part }: SnapshotMessage): Uint8Array | undefined {
    if (offset === 0) [this.#parts, this.#filled, this.#size] = [[], 0, size]
    if (offset !== this.#filled || size !== this.#size || offset + part.length > size) {
      this.clear()
      throw new ConvoyError('message-malformed', 'A part of a snapshot does not follow the one before.')
    }
    this.#parts.push(part)
    this.#filled += part.length
    if (this.#filled < size) return undefined
    const whole = concat(...this.#parts)
    this.clear()
    return whole
  }

  clear(): void {
    ;[this.#parts, this.#filled, this.#size] = [[], 0, 0]
  }
}
