// Builds what is published into dist/: JavaScript and declarations of lib/ and signaling/, and the browser's
// simple-peer.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildBrowserVendor } from './buildBrowserVendor.ts'
import { repositoryRoot, run } from './run.ts'

const output = join(repositoryRoot, 'dist')

rmSync(output, { recursive: true, force: true })
await run('tsc', ['--project', 'tsconfig.build.json'])
renameSpecifiersInDeclarations(output)
await buildBrowserVendor(join(output, 'vendor'))

/**
 * TypeScript renames `./x.ts` to `./x.js` in JavaScript only. Its own resolution finds `x.d.ts` behind either, other
 * readers of declarations don't.
 */
function renameSpecifiersInDeclarations(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const renamed = text.replace(/(\bfrom |\bimport\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2')
    if (renamed !== text) writeFileSync(path, renamed)
  }
}
