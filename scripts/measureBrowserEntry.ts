// Bundles the main entry point for browsers, once whole and once without what others wrote, and holds both against
// what they should weigh and against what they weighed when last recorded (`--update` records anew).
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { entryPoints } from './entryPoints.ts'
import { repositoryRoot } from './run.ts'

/**
 * What a page should have to load, bytes gzipped: everything, and what of it is ours. Neither is reached yet; until
 * they are, nothing may grow beyond the recorded sizes unseen.
 */
const goals = { whole: 50_000, ours: 20_000 }

/** Growth that needs no new record: gzip answers to the order of things. */
const slack = 1.01

const recordFile = join(repositoryRoot, 'etc', 'browser-size.json')
const output = join(repositoryRoot, '.cache', 'browser')
const main = entryPoints()[0]
if (main === undefined) throw new Error('package.json exports nothing.')
const entry = join(repositoryRoot, main.script)

rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
const sizes = {
  whole: await measure('whole', () => false),
  ours: await measure('ours', isTheirs),
}

if (process.argv.includes('--update') || !existsSync(recordFile)) {
  writeFileSync(recordFile, `${JSON.stringify(sizes, undefined, 2)}\n`)
}
const recorded = JSON.parse(readFileSync(recordFile, 'utf8')) as typeof sizes
for (const [name, size] of Object.entries(sizes) as [keyof typeof sizes, number][]) {
  const label = name === 'whole' ? 'browser entry, everything included' : 'of it ours'
  const short = size > goals[name] ? ` — OVER the goal of ${inKilobytes(goals[name])}` : ''
  console.log(`${label}: ${inKilobytes(size)} gzipped${short}`)
  if (size <= recorded[name] * slack) continue
  console.error(
    `It grew from ${inKilobytes(recorded[name])}: make it smaller, or record it by \`npm run size\`.`,
  )
  process.exitCode = 1
}

async function measure(name: string, external: (specifier: string) => boolean): Promise<number> {
  const code = await bundle(external)
  writeFileSync(join(output, `${name}.js`), code)
  return gzipSync(code, { level: 9 }).length
}

function inKilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`
}

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
