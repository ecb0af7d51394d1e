import { seededRandom, utf8, type RandomSource } from '../core/index.ts'
import { TraceHash } from './traceHash.ts'

/**
 * A random source of its own for what `labels` name, derived from `seed`: one more peer or connection does
 * not change the luck of the others.
 */
export function derivedRandom(seed: number, ...labels: readonly (string | number)[]): RandomSource {
  const hash = new TraceHash()
  hash.addNumber(seed)
  for (const label of labels) {
    if (typeof label === 'number') hash.addNumber(label)
    else hash.addBytes(utf8(label))
  }
  return seededRandom(hash.word())
}
