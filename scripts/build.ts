// Builds what is published into dist/: JavaScript and declarations of lib/ and signaling/, and for browsers
// simple-peer and level. `--out DIR` builds elsewhere.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildBrowserVendor } from './buildBrowserVendor.ts'
import { buildLevelVendor } from './buildLevelVendor.ts'
import { repositoryRoot, run } from './run.ts'

const { values } = parseArgs({ options: { out: { type: 'string', default: join(repositoryRoot, 'dist') } } })
const output = resolve(values.out)

rmSync(output, { recursive: true, force: true })
await run('tsc', ['--project', 'tsconfig.build.json', '--outDir', output])
renameSpecifiersInDeclarations(output)
await buildBrowserVendor(join(output, 'vendor'))
await buildLevelVendor(join(output, 'vendor'))

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
