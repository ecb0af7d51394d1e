// Bundles the main entry point for browsers, once whole and once without what others wrote, and holds both to the
// limits that package.json sets under "size-limit".
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Rolldown } from 'vite'
import { entryPoints } from './entryPoints.ts'
import { repositoryRoot, run } from './run.ts'

const output = join(repositoryRoot, '.cache', 'browser')
const main = entryPoints()[0]
if (main === undefined) throw new Error('package.json exports nothing.')
const entry = join(repositoryRoot, main.script)

rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
writeFileSync(join(output, 'whole.js'), await bundle(() => false))
writeFileSync(join(output, 'ours.js'), await bundle(isTheirs))
await run('size-limit', [])

/** Whether an import leads to code that others wrote: packages, and simple-peer as bundled by us. */
function isTheirs(specifier: string): boolean {
  if (specifier === '#simple-peer') return true
  return !/^[./#\0]/.test(specifier) && !specifier.startsWith(repositoryRoot)
}

async function bundle(external: (specifier: string) => boolean): Promise<string> {
  const result = await build({
    configFile: false,
    root: repositoryRoot,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      // Not Vite's library mode, which leaves white space in ES modules for others to take out.
      rolldownOptions: { input: entry, external, preserveEntrySignatures: 'strict' },
    },
  })
  const outputs = (Array.isArray(result) ? result : [result]) as Rolldown.RolldownOutput[]
  const chunks = outputs.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  refuseNodeOnly(chunks)
  return chunks.map((chunk) => chunk.code).join('\n')
}

/**
 * A browser has none of Node's modules: Vite stubs them, and the page fails when it calls one. A stub without a name
 * is what a package itself asked for, in the `browser` field of its package.json.
 */
function refuseNodeOnly(chunks: readonly Rolldown.OutputChunk[]): void {
  const stubs = chunks
    .flatMap((chunk) => Object.keys(chunk.modules))
    .filter((id) => id.includes('browser-external:'))
  const imports = chunks.flatMap((chunk) => chunk.imports).filter((name) => name.startsWith('node:'))
  if (stubs.length + imports.length === 0) return
  console.error(`The browser's bundle reaches for Node's own modules: ${[...stubs, ...imports].join(', ')}`)
  process.exit(1)
}
