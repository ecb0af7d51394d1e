import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ConvoyError, throwIfAborted } from '../core/index.ts'
import { isDamage, isLocked, openDatabase, problemsOf, scan, storeError, type Database } from './database.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { LevelStore } from './levelStore.ts'
import type { OpenedStore } from './opened.ts'
import { StoreFolder } from './storeFolder.ts'
import { WrittenMark } from './writtenMark.ts'

/**
 * Opens the store in the folder `path`, which is made where there is none. Reads all of it once: what is damaged shows
 * here, and not when it is needed.
 * @throws ConvoyError `store-locked`, `store-version`, `store-damaged`, `store-failed` or `aborted`.
 */
export async function openLevelStore(path: string, signal?: AbortSignal): Promise<OpenedStore> {
  throwIfAborted(signal)
  let mark: WrittenMark | undefined
  try {
    // The identity's secret lies in there: nobody else's business.
    await mkdir(path, { recursive: true, mode: 0o700 })
    const folder = await StoreFolder.open(path)
    mark = await WrittenMark.open(join(path, 'written'))
    return await openFolder(folder, mark, signal)
  } catch (cause) {
    await mark?.close()
    throw isLocked(cause) ? lockedError(path, cause) : storeError(cause)
  }
}

async function openFolder(
  folder: StoreFolder,
  mark: WrittenMark,
  signal?: AbortSignal,
): Promise<OpenedStore> {
  // Of the files as they are now: LevelDB drops what it can't read, and then the files it was in.
  const copy = await folder.copyFiles()
  let opened: Checked
  try {
    opened = await openChecked(folder, mark.sequence, signal)
  } catch (cause) {
    await folder.discard(copy)
    throw cause
  }
  if (opened.problems.length === 0) {
    await folder.tidy()
    return { store: await start(opened, mark), damage: undefined }
  }

  const aside = await folder.setAside(copy)
  const problems = opened.problems.join('; ')
  if (opened.database === undefined) {
    await folder.rescue(mark.sequence)
    opened = await openChecked(folder, mark.sequence, signal)
    if (opened.database === undefined) {
      throw new ConvoyError('store-damaged', `The store in ${folder.path} can't be repaired: ${problems}.`)
    }
  }
  await folder.tidy()
  const found = aside === null ? '' : ` The files as they were found are in ${aside}.`
  const message = `The store in ${folder.path} was damaged: ${problems}. Entries kept: ${opened.ledger.count}.${found}`
  return { store: await start(opened, mark), damage: { message, aside } }
}

/** A database that was read whole. */
interface Checked {
  /** Undefined when it can't be used as it is. */
  database: Database | undefined
  /** What it does hold. */
  ledger: Ledger
  problems: string[]
}

/** @throws what isn't about the content of the files. */
async function openChecked(folder: StoreFolder, written: number, signal?: AbortSignal): Promise<Checked> {
  let database: Database | undefined
  try {
    database = await openDatabase(folder.database)
    const found = await scan(database, signal)
    const problems = problemsOf(found, written)
    const { count, sum, damaged } = found
    // Counting on from what is known to have been written: the next number must not have been used.
    const ledger = { sequence: Math.max(found.ledger?.sequence ?? 0, written), count, sum }
    if (damaged.length === 0) return { database, ledger, problems }
    await database.close()
    return { database: undefined, ledger, problems }
  } catch (cause) {
    await database?.close()
    if (cause instanceof ConvoyError || isLocked(cause) || !isDamage(cause)) throw cause
    return { database: undefined, ledger: emptyLedger, problems: [reasonOf(cause)] }
  }
}

async function start({ database, ledger, problems }: Checked, mark: WrittenMark): Promise<LevelStore> {
  if (database === undefined) throw new TypeError('Only what is open can start.')
  const store = new LevelStore({
    database,
    ledger,
    markWritten: (sequence) => mark.write(sequence),
    release: () => mark.close(),
  })
  // What is missing was told of: the ledger has to say from now on what there is.
  if (problems.length > 0) await store.writeLedger()
  else await mark.write(ledger.sequence)
  return store
}

function lockedError(path: string, cause: unknown): ConvoyError {
  const message = `The store in ${path} is open already, here or in another process. Close it there, or use another folder.`
  return new ConvoyError('store-locked', message, { cause })
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause === undefined ? cause.message : reasonOf(cause.cause)
}
