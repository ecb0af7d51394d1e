import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from '#level'
import { ConvoyError } from '../core/index.ts'
import { isDamage, isLocked } from './database.ts'

/**
 * Holds the folder `path` for this process, until what it returns is called or the process dies. The lock is that of an
 * empty LevelDB beside the real one: it is held while that is checked, before LevelDB may see it, and while it is exchanged.
 * @throws ConvoyError `store-locked`; otherwise what the disk says.
 */
export async function lockFolder(path: string): Promise<() => Promise<void>> {
  const location = join(path, 'lock')
  const open = async (): Promise<() => Promise<void>> => {
    const lock = new Level(location)
    await lock.open()
    return () => lock.close()
  }
  try {
    return await open().catch(async (cause: unknown) => {
      if (isLocked(cause) || !isDamage(cause)) throw cause
      // It holds nothing.
      await rm(location, { recursive: true })
      return open()
    })
  } catch (cause) {
    if (!isLocked(cause)) throw cause
    const message = `The store in ${path} is open already, here or in another process. Close it there, or use another folder.`
    throw new ConvoyError('store-locked', message, { cause })
  }
}
