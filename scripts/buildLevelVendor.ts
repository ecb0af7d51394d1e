import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Plugin, type Rolldown } from 'vite'

const require = createRequire(import.meta.url)
const entry = join(import.meta.dirname, 'levelEntry.ts')
const noBuffer = '\0buffer.cjs'
const bundled = '\0level'

/**
 * Writes `level.js`, level's browser half as an ES module that imports nothing, and the licences of all that is in it:
 * what `#level` means to a page (see "imports" in package.json). As published it wants Node's `events`, which bundlers
 * no longer bring along: Vite leaves an empty module in its place, and the page fails on loading.
 */
export async function buildLevelVendor(directory: string): Promise<void> {
  const { code, licences } = await bundleLevel()
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'level.js'), code)
  writeFileSync(join(directory, 'level.LICENSE'), licences)
}

/** Resolves `#level` to the same bundle, for pages that run the sources of this repository. */
export function levelForBrowsers(): Plugin {
  return {
    name: 'level-for-browsers',
    enforce: 'pre',
    resolveId: (id) => (id === '#level' ? bundled : undefined),
    load: async (id) => (id === bundled ? (await bundleLevel()).code : undefined),
  }
}

async function bundleLevel(): Promise<{ code: string; licences: string }> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [nodeModulesOfLevel()],
    build: {
      write: false,
      lib: { entry, formats: ['es'] },
      target: 'es2022',
      rolldownOptions: {
        output: { postBanner: '/*! level for browsers, MIT License. See level.LICENSE */' },
      },
    },
  })
  const outputs = (Array.isArray(result) ? result : [result]) as Rolldown.RolldownOutput[]
  const chunks = outputs.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  const roots = new Set(chunks.flatMap(({ moduleIds }) => moduleIds.flatMap(packageRoot)))
  return {
    code: chunks.map(({ code }) => code).join('\n'),
    licences: [...roots].sort().map(licenceOf).join('\n\n'),
  }
}

/**
 * Node's `events` is the package of that name. Node's `buffer` is nothing, which level takes for an answer: bytes are
 * Uint8Array with us, and that package would add half to what a page loads.
 */
function nodeModulesOfLevel(): Plugin {
  return {
    name: 'node-modules-of-level',
    enforce: 'pre',
    resolveId(id) {
      if (id === 'buffer') return noBuffer
      // The slash asks for the package rather than for Node's own.
      return id === 'events' ? require.resolve('events/') : undefined
    },
    load: (id) => (id === noBuffer ? 'module.exports = null' : undefined),
  }
}

/** The folder of the package that a file belongs to; none for what the bundler made. */
function packageRoot(file: string): string[] {
  if (!file.includes('node_modules') || file.startsWith('\0')) return []
  let folder = dirname(file)
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return [folder]
}

function licenceOf(root: string): string {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string
    version: string
  }
  const file = readdirSync(root).find((each) => /^licen[cs]e/i.test(each))
  if (file === undefined) throw new Error(`${name} has no licence to carry along.`)
  return `${name} ${version}\n\n${readFileSync(join(root, file), 'utf8').trim()}\n`
}
