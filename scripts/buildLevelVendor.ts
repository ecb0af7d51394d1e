import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Plugin, type Rolldown } from 'vite'

const require = createRequire(import.meta.url)
/** What `#level` is in pages. */
const entry = join(import.meta.dirname, 'levelEntry.ts')

/**
 * Writes `level.js`, level's browser half as an ES module that imports nothing, and the licences of all that is in it:
 * what `#level` means to a page (see "imports" in package.json). As published it wants Node's `events`, which bundlers
 * no longer bring along: Vite leaves an empty module in its place, and the page fails on loading.
 */
export async function buildLevelVendor(directory: string): Promise<void> {
  const result = (await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [levelForBrowsers()],
    build: {
      lib: { entry, formats: ['es'], fileName: () => 'level.js' },
      outDir: directory,
      emptyOutDir: false,
      target: 'es2022',
      rolldownOptions: {
        output: { postBanner: '/*! level for browsers, MIT License. See level.LICENSE */' },
      },
    },
  })) as Rolldown.RolldownOutput[]
  const chunks = result.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  const roots = new Set(chunks.flatMap(({ moduleIds }) => moduleIds.flatMap(packageRoot)))
  writeFileSync(join(directory, 'level.LICENSE'), [...roots].sort().map(licenceOf).join('\n\n'))
}

/** Resolves `#level` to level's browser half, with packages in the place of Node's modules of the same name. */
export function levelForBrowsers(): Plugin {
  return {
    name: 'level-for-browsers',
    enforce: 'pre',
    resolveId: (id) =>
      id === '#level' ? entry : id === 'events' || id === 'buffer' ? require.resolve(`${id}/`) : undefined,
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
