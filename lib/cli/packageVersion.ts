import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The version in package.json, found by the package's own name: from sources and from the build alike. */
export async function packageVersion(): Promise<string> {
  const path = fileURLToPath(import.meta.resolve('openconvoy/package.json'))
  const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string }
  return version
}
