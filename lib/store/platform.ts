import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ConvoyError, throwIfAborted } from '../core/index.ts'
import { isDamage, isLocked, openDatabase, problemsOf, scan, storeError, type Database } from './database.ts'
import { emptyLedger, type Ledger } from './ledger.ts'
import { lockFolder } from './folderLock.ts'
import { damagedTables } from './levelFiles/salvage.ts'
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
  let release: (() => Promise<void>) | undefined
  try {
    // The identity's secret lies in there: nobody else's business.
    await mkdir(path, { recursive: true, mode: 0o700 })
    const unlock = await lockFolder(path)
    release = unlock
    const folder = await StoreFolder.open(path)
    const mark = await WrittenMark.open(join(path, 'written'))
    release = async () => {
      await mark.close()
      await unlock()
    }
    return await openFolder(folder, { mark, release }, signal)
  } catch (cause) {
    await release?.()
    throw storeError(cause)
  }
}

/** What is held while the store is open. */
interface Held {
  mark: WrittenMark
  release: () => Promise<void>
}

async function openFolder(folder: StoreFolder, held: Held, signal?: AbortSignal): Promise<OpenedStore> {
  const written = held.mark.sequence
  // Of the files as they are now: LevelDB drops what it can't read, and then the files it was in.
  const copy = await folder.copyFiles()
  let opened: Checked
  try {
    opened = await openChecked(folder, written, signal)
  } catch (cause) {
    await folder.discard(copy)
    throw cause
  }
  if (opened.problems.length === 0) {
    await folder.discard(copy)
    return { store: await start(opened, held), damage: undefined }
  }

  const aside = await folder.setAside(copy)
  const problems = opened.problems.join('; ')
  if (aside !== null) {
    // Even where LevelDB opens: the files may hold more than it finds.
    await opened.database?.close()
    await folder.rescue(aside, written)
    opened = await openChecked(folder, written)
  }
  const found = aside === null ? '' : ` The files as they were found are in ${aside}.`
  const damaged = `The store in ${folder.path} was damaged: ${problems}.`
  const store = await start(opened, held).catch((cause: unknown) => {
    throw new ConvoyError('store-damaged', `${damaged} It can't be rescued.${found}`, { cause })
  })
  return { store, damage: { message: `${damaged} Entries kept: ${opened.ledger.count}.${found}`, aside } }
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
  const tables = await damagedTables(folder.database)
  if (tables.length > 0) {
    return { database: undefined, ledger: emptyLedger, problems: [`damaged files: ${tables.join(', ')}`] }
  }
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

async function start({ database, ledger, problems }: Checked, { mark, release }: Held): Promise<LevelStore> {
  if (database === undefined) throw new Error(problems.join('; '))
  const markWritten = (sequence: number): Promise<void> => mark.write(sequence)
  const store = new LevelStore({ database, ledger, markWritten, release })
  try {
    // What is missing was told of: the ledger has to say from now on what there is.
    if (problems.length > 0) await store.writeLedger()
    else await mark.write(ledger.sequence)
    return store
  } catch (cause) {
    await database.close()
    throw cause
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause === undefined ? cause.message : reasonOf(cause.cause)
}
