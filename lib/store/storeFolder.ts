import { copyFile, link, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from '#level'
import { ConvoyError } from '../core/index.ts'
import { isDamage, ledgerKey, openDatabase, scan } from './database.ts'
import { checksumIn, frame } from './frame.ts'
import { encodeLedger, type Ledger } from './ledger.ts'

/** The types of level know only what LevelDB and IndexedDB have in common. */
const { repair } = Level as unknown as { repair: (location: string) => Promise<void> }

/** Begins the names of folders that are gone once the store is open. */
const temporaryPrefix = 'opening-'

/** Bytes that are written at once while a database is built anew, about. */
const chunkBytes = 2 ** 20

/**
 * The folder of a store:
 *
 * - `database/`: LevelDB's files
 * - `written`: see WrittenMark
 * - `damaged-1/`, …: LevelDB's files as they were when they were found damaged
 * - `opening-…/`: links to the files of `database/` while it is opened
 * - `rescued/`: takes the place of `database/` once it is whole
 */
export class StoreFolder {
  readonly path: string
  readonly database: string

  private constructor(path: string) {
    this.path = path
    this.database = join(path, 'database')
  }

  static async open(path: string): Promise<StoreFolder> {
    const folder = new StoreFolder(path)
    // Only a rescue that was whole takes the former database away.
    if (!(await exists(folder.database))) await rename(folder.#rescued, folder.database).catch(ignoreMissing)
    return folder
  }

  get #rescued(): string {
    return join(this.path, 'rescued')
  }

  /**
   * A copy of the database's files; its folder. By links, as LevelDB never writes to a file that it finds: it begins new
   * ones. Where the disk knows no links, by copying.
   */
  async copyFiles(): Promise<string> {
    const copy = await this.#temporary()
    for (const name of await readdir(this.database).catch(() => [])) {
      if (name === 'LOCK') continue
      const [from, to] = [join(this.database, name), join(copy, name)]
      // Missing: whoever has the database open has just done away with it. Opening will say that it is locked.
      await link(from, to)
        .catch(() => copyFile(from, to))
        .catch(ignoreMissing)
    }
    return copy
  }

  async discard(copy: string): Promise<void> {
    await remove(copy)
  }

  /** Does away with all copies, also those of processes that were killed. Only for who has the database open. */
  async tidy(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (name.startsWith(temporaryPrefix)) await remove(join(this.path, name))
    }
  }

  /** Keeps a copy, for people to look at; its folder, null when there was nothing to copy. */
  async setAside(copy: string): Promise<string | null> {
    if ((await readdir(copy)).length === 0) return null
    for (let number = 1; ; number++) {
      const aside = join(this.path, `damaged-${number}`)
      if (await exists(aside)) continue
      await rename(copy, aside)
      return aside
    }
  }

  /** Builds the database anew from what can be read of it. */
  async rescue(written: number): Promise<void> {
    const { entries, ledger } = await this.#readable(written)
    await remove(this.#rescued)
    const rescued = await openDatabase(this.#rescued)
    try {
      let chunk: { type: 'put'; key: string; value: Uint8Array }[] = []
      let bytes = 0
      for (const [key, value] of entries) {
        chunk.push({ type: 'put', key, value })
        bytes += value.length
        if (bytes < chunkBytes) continue
        await rescued.batch(chunk, { sync: true })
        chunk = []
        bytes = 0
      }
      chunk.push({ type: 'put', key: ledgerKey, value: frame(ledgerKey, encodeLedger(ledger)) })
      await rescued.batch(chunk, { sync: true })
    } finally {
      await rescued.close()
    }
    const former = await this.#temporary()
    await rename(this.database, join(former, 'database')).catch(ignoreMissing)
    await rename(this.#rescued, this.database)
    await remove(former)
  }

  #temporary(): Promise<string> {
    return mkdtemp(join(this.path, temporaryPrefix))
  }

  async #readable(written: number): Promise<{ entries: Map<string, Uint8Array>; ledger: Ledger }> {
    const entries = new Map<string, Uint8Array>()
    let sequence = written
    await repair(this.database).catch(ignoreDamage)
    try {
      const database = await openDatabase(this.database)
      try {
        const found = await scan(database, undefined, (key, framed) => entries.set(key, framed))
        sequence = Math.max(sequence, found.ledger?.sequence ?? 0)
      } finally {
        await database.close()
      }
    } catch (cause) {
      // What was read before it counts.
      ignoreDamage(cause)
    }
    let sum = 0
    for (const framed of entries.values()) sum ^= checksumIn(framed)
    return { entries, ledger: { sequence, count: entries.size, sum } }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true })
}

function ignoreDamage(cause: unknown): void {
  if (cause instanceof ConvoyError || !isDamage(cause)) throw cause
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
