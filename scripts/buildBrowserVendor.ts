import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'vite'
import { simplePeerForBrowsers, simplePeerSource } from './simplePeerForBrowsers.ts'

const licenceComment =
  '/*! simple-peer 9.11.1. MIT License. Feross Aboukhadijeh <https://feross.org/opensource>. See simple-peer.LICENSE */'

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
      // Minifying drops the comment that the licence asks for, as it stands before code that is dropped.
      rolldownOptions: { output: { postBanner: licenceComment } },
    },
  })
  await copyFile(join(dirname(simplePeerSource), 'LICENSE'), join(directory, 'simple-peer.LICENSE'))
}
