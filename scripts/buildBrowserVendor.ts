import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'vite'
import { simplePeerForBrowsers, simplePeerSource } from './simplePeerForBrowsers.ts'

/**
 * Writes `simple-peer.js`, simple-peer as an ES module for browsers, and its licence into `directory`: what
 * `#simple-peer` means to a page (see "imports" in package.json).
 */
export async function buildBrowserVendor(directory: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [simplePeerForBrowsers()],
    build: {
      lib: { entry: simplePeerSource, formats: ['es'], fileName: () => 'simple-peer.js' },
      outDir: directory,
      emptyOutDir: false,
      target: 'es2022',
    },
  })
  await copyFile(join(dirname(simplePeerSource), 'LICENSE'), join(directory, 'simple-peer.LICENSE'))
}
