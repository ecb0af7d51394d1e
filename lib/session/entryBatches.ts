import { entriesMessageBytes } from './constants.ts'
import type { SessionRecord } from './record.ts'

/** What an entry takes in a message besides its bytes: MessagePack's header of binary data, at its longest. */
const entryHeaderBytes = 5

/** The entries from `from` to before `until` as they were signed, for as few messages as their size allows; ends where one is not held. */
export function* entryBatches(
  record: SessionRecord,
  from: number,
  until: number,
): Generator<Uint8Array[], void> {
  let entries: Uint8Array[] = []
  let bytes = 0
  for (let number = from; number < until; number++) {
    const next = record.entry(number)?.bytes
    if (next === undefined) break
    if (entries.length > 0 && bytes + next.length > entriesMessageBytes) {
      yield entries
      entries = []
      bytes = 0
    }
    entries.push(next)
    bytes += next.length + entryHeaderBytes
  }
  if (entries.length > 0) yield entries
}
