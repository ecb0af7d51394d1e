import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileEntry } from './entry.ts'
import { readLog } from './log.ts'
import { readTable } from './table.ts'

/**
 * Names of the tables in `folder` that are damaged. LevelDB must not see them: it doesn't check them, and where a damaged
 * one breaks what it takes for granted it ends the process (google/leveldb issue 966).
 */
export async function damagedTables(folder: string): Promise<string[]> {
  const damaged: string[] = []
  for (const name of await tablesIn(folder)) {
    if (!readTable(await readFile(join(folder, name)), () => undefined)) damaged.push(name)
  }
  return damaged
}

/**
 * The newest version of every key that LevelDB's files in `folder` hold, whatever became of the others. LevelDB's own repair
 * would do the same, but reads logs without looking at their checksums, and ends the process over some of what it finds then
 * (google/leveldb issue 1343, Level/leveldown issue 315).
 */
export async function salvage(folder: string): Promise<Map<string, Uint8Array>> {
  const newest = new Map<string, FileEntry>()
  const decoder = new TextDecoder()
  const add = (entry: FileEntry): void => {
    const key = decoder.decode(entry.key)
    if (entry.sequence >= (newest.get(key)?.sequence ?? 0)) newest.set(key, entry)
  }
  for (const name of await tablesIn(folder)) readTable(await readFile(join(folder, name)), add)
  for (const name of await namesIn(folder, /^\d+\.log$/)) readLog(await readFile(join(folder, name)), add)
  const values = new Map<string, Uint8Array>()
  for (const [key, { value }] of newest) if (value !== undefined) values.set(key, value)
  return values
}

function tablesIn(folder: string): Promise<string[]> {
  return namesIn(folder, /^\d+\.(?:ldb|sst)$/)
}

async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => pattern.test(name)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
