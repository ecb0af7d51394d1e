import { readFile, writeFile } from 'node:fs/promises'
import { createIdentity, type Identity } from 'openconvoy'

/** The identity kept in `file`; a fresh one is written there at the first run. Keep the file as you keep passwords. */
export async function keptIdentity(file: string): Promise<Identity> {
  try {
    return createIdentity({ seed: await readFile(file) })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const identity = createIdentity()
    await writeFile(file, identity.seed, { mode: 0o600, flag: 'wx' })
    return identity
  }
}
