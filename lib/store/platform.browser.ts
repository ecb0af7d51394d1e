import { ConvoyError, throwIfAborted } from '../core/index.ts'
import { quarantine } from './constants.ts'
import { openDatabase, problemsOf, scan, storeError, type Database, type Scan } from './database.ts'
import { LevelStore } from './levelStore.ts'
import type { OpenedStore } from './opened.ts'

/**
 * Opens the store called `path` in the browser's IndexedDB.
 * @throws ConvoyError `unsupported`, `store-locked`, `store-version`, `store-failed` or `aborted`.
 */
export async function openLevelStore(path: string, signal?: AbortSignal): Promise<OpenedStore> {
  if ((globalThis.indexedDB as IDBFactory | undefined) === undefined) {
    throw new ConvoyError('unsupported', 'This browser has no IndexedDB, or denies it to this page.')
  }
  throwIfAborted(signal)
  const release = await lock(path)
  let database: Database | undefined
  try {
    database = await openDatabase(path)
    const found = await scan(database, signal)
    const problems = problemsOf(found, 0)
    const { count, sum } = found
    const ledger = { sequence: found.ledger?.sequence ?? 0, count, sum }
    const store = new LevelStore({ database, ledger, markWritten: async () => undefined, release })
    if (problems.length === 0) return { store, damage: undefined }
    await setAside(store, database, found)
    return {
      store,
      damage: {
        message: `The store ${path} was damaged: ${problems.join('; ')}. What can be read is kept.`,
        aside: found.damaged.length > 0 ? `the collection ${quarantine}` : null,
      },
    }
  } catch (cause) {
    await database?.close()
    await release()
    throw storeError(cause)
  }
}

/** Keeps what can't be read, out of the way, and writes the ledger anew. */
async function setAside(store: LevelStore, database: Database, { damaged }: Scan): Promise<void> {
  // Not through the store, whose ledger doesn't count them.
  await database.batch(damaged.map(({ key }) => ({ type: 'del', key })))
  const changes = damaged.map(({ key, framed }, index) => ({
    type: 'put' as const,
    collection: quarantine,
    key: `${index}/${key.replaceAll(/[^\x21-\x7e]/g, '_')}`.slice(0, 200),
    value: framed,
  }))
  await store.batch(changes)
  await store.writeLedger()
}

/** IndexedDB opens as often as you like; two pages that write the same store would spoil it for each other. */
async function lock(path: string): Promise<() => Promise<void>> {
  const { locks } = globalThis.navigator as { locks?: LockManager }
  // Pages that are not secure have none: there it is the program's business to open the store once.
  if (locks === undefined) return async () => undefined
  return new Promise((resolve, reject) => {
    const released = locks.request(`openconvoy store ${path}`, { ifAvailable: true }, async (lock) => {
      if (lock === null) {
        const message = `The store ${path} is open in another page or worker. Close it there.`
        throw new ConvoyError('store-locked', message)
      }
      // The lock is held until this resolves.
      await new Promise<void>((letGo) => {
        resolve(async () => {
          letGo()
          await released
        })
      })
    })
    released.catch(reject)
  })
}
