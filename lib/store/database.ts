import { Level } from '#level'
import { ConvoyError, throwIfAborted } from '../core/index.ts'
import { emptyLedger, decodeLedger, type Ledger } from './ledger.ts'
import { formatVersion, unframe } from './frame.ts'
import { closedError } from './store.ts'

/** LevelDB in Node, IndexedDB in pages. */
export type Database = Level<string, Uint8Array>

/** Where the {@link Ledger} lies: no collection is called so. */
export const ledgerKey = '!ledger'

/** @param location - a folder in Node, a name in pages. */
export async function openDatabase(location: string): Promise<Database> {
  const database: Database = new Level(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    // Keys, signatures and packed bytes hardly get smaller; and so levelFiles/ can read what LevelDB can't.
    compression: false,
  })
  await database.open()
  return database
}

/** What a database was found to hold. */
export interface Scan {
  /** What it should hold; undefined when that is lost. */
  ledger: Ledger | undefined
  /** What it does hold, damaged entries apart. */
  count: number
  sum: number
  damaged: { key: string; framed: Uint8Array }[]
}

/**
 * Reads everything.
 * @throws ConvoyError `store-version` when something in it was written by a newer version, `aborted`; otherwise what
 * the database throws.
 */
export async function scan(database: Database, signal?: AbortSignal): Promise<Scan> {
  const found: Scan = { ledger: undefined, count: 0, sum: 0, damaged: [] }
  for await (const [key, framed] of database.iterator()) {
    throwIfAborted(signal)
    const entry = unframe(key, framed)
    if (entry === undefined) {
      found.damaged.push({ key, framed })
    } else if (entry.version > formatVersion) {
      throw new ConvoyError(
        'store-version',
        `The store was written by a newer version of openconvoy (format ${entry.version}). Update this one.`,
      )
    } else if (key === ledgerKey) {
      found.ledger = decodeLedger(entry.value)
    } else {
      found.count++
      found.sum ^= entry.checksum
    }
  }
  // There may have been nothing to go through.
  throwIfAborted(signal)
  found.sum >>>= 0
  return found
}

/**
 * What is wrong with a database; nothing where the list is empty.
 * @param written - number of the batch that is known to have been written last.
 */
export function problemsOf(found: Scan, written: number): string[] {
  const { damaged, count, sum } = found
  const ledger = found.ledger ?? emptyLedger
  const problems: string[] = []
  if (damaged.length > 0) problems.push(`${damaged.length} entries can't be read`)
  if (ledger.sequence < written) problems.push(`the last ${written - ledger.sequence} changes are missing`)
  if (found.ledger === undefined && count > 0) problems.push('what there should be is not known')
  else if (ledger.count !== count) problems.push(`there are ${count} entries in place of ${ledger.count}`)
  else if (ledger.sum !== sum) problems.push('some entries are older than they should be')
  return problems
}

/** What `cause`, thrown by a database, means to whoever uses the store. */
export function storeError(cause: unknown): unknown {
  if (cause instanceof ConvoyError) return cause
  const { code } = innermost(cause)
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') return closedError()
  if (isDamage(cause)) {
    const message = 'The store is damaged. Close it and open it again: what can be read is kept then.'
    return new ConvoyError('store-damaged', message, { cause })
  }
  const message = 'The store can be neither read nor written. Is the disk full, or is access to it denied?'
  return new ConvoyError('store-failed', message, { cause })
}

/** Whether another process, or this one, has the database open. */
export function isLocked(cause: unknown): boolean {
  return innermost(cause).code === 'LEVEL_LOCKED'
}

/** What the system says when it isn't about what files hold; on Windows in English only, elsewhere it costs a rescue. */
const environmentErrors =
  /permission denied|not permitted|access is denied|read-only|no space|not enough space|quota|too many open files|input\/output error/i

/** Whether `cause` comes from the content of the files, rather than from the disk or the rights to it. */
export function isDamage(cause: unknown): boolean {
  const { code, message = '' } = innermost(cause)
  // What LevelDB says of a list of files that makes no sense; classic-level gives it no code.
  if (code === undefined) return /^(?:Invalid argument|NotFound|Not implemented): /.test(message)
  if (code === 'LEVEL_CORRUPTION') return true
  // Files that the list of files names wrongly come as all kinds of errors, "not found" being but one.
  return code === 'LEVEL_IO_ERROR' && !environmentErrors.test(message)
}

/** abstract-level wraps what the database underneath says. */
function innermost(cause: unknown): { code?: string; message?: string } {
  if (!(cause instanceof Error)) return { code: 'unknown' }
  return cause.cause === undefined ? cause : innermost(cause.cause)
}
