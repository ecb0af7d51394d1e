import { copyFile, link, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConvoyError } from '../core/index.ts'
import { ledgerKey, openDatabase } from './database.ts'
import { checksumIn, formatVersion, frame, unframe } from './frame.ts'
import { decodeLedger, encodeLedger, type Ledger } from './ledger.ts'
import { salvage } from './levelFiles/salvage.ts'

/** Begins the names of folders that are gone once the store is open. */
const temporaryPrefix = 'opening-'

/** Bytes that are written at once while a database is built anew, about. */
const chunkBytes = 2 ** 20

/**
 * The folder of a store, for whoever has locked it:
 *
 * - `database/`: LevelDB's files
 * - `written`: see WrittenMark
 * - `lock/`: see lockFolder
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
    // Processes that were killed may have left some.
    for (const name of await readdir(path)) {
      if (name.startsWith(temporaryPrefix)) await remove(join(path, name))
    }
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
    for (const name of (await exists(this.database)) ? await readdir(this.database) : []) {
      if (name === 'LOCK') continue
      const [from, to] = [join(this.database, name), join(copy, name)]
      await link(from, to).catch(() => copyFile(from, to))
    }
    return copy
  }

  discard(copy: string): Promise<void> {
    return remove(copy)
  }

  /** Keeps a copy, for people to look at; its folder, null when there was nothing to copy. */
  async setAside(copy: string): Promise<string | null> {
    if ((await readdir(copy)).length === 0) {
      await remove(copy)
      return null
    }
    for (let number = 1; ; number++) {
      const aside = join(this.path, `damaged-${number}`)
      if (await exists(aside)) continue
      await rename(copy, aside)
      return aside
    }
  }

  /** Builds the database anew from what can be read of the files in `aside`. */
  async rescue(aside: string, written: number): Promise<void> {
    const { entries, ledger } = await readable(aside, written)
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
}

/** Entries that are sound, and the ledger that they make. */
async function readable(
  aside: string,
  written: number,
): Promise<{ entries: Map<string, Uint8Array>; ledger: Ledger }> {
  const entries = new Map<string, Uint8Array>()
  const ledger = { sequence: written, count: 0, sum: 0 }
  for (const [key, framed] of await salvage(aside)) {
    const entry = unframe(key, framed)
    if (entry === undefined) continue
    if (entry.version > formatVersion) {
      throw new ConvoyError(
        'store-version',
        'The store was written by a newer version of openconvoy, and damaged.',
      )
    }
    if (key === ledgerKey) {
      ledger.sequence = Math.max(written, decodeLedger(entry.value)?.sequence ?? 0)
      continue
    }
    entries.set(key, framed)
    ledger.count++
    ledger.sum ^= checksumIn(framed)
  }
  return { entries, ledger }
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

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
