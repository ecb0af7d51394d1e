import { fileURLToPath } from 'node:url'
import { build, type Rolldown } from 'vite'
import { simplePeerForBrowsers } from '../../scripts/simplePeerForBrowsers.ts'

/** The files of the page, by the path they are served under. */
export type PageFiles = ReadonlyMap<string, Uint8Array | string>

/** Bundles the page from the library's sources, so that it runs on a fresh clone without a build. */
export async function bundlePage(): Promise<PageFiles> {
  const result = (await build({
    root: fileURLToPath(new URL('./page/', import.meta.url)),
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    plugins: [simplePeerForBrowsers()],
    resolve: { conditions: ['openconvoy-source', 'browser'] },
    // main.ts waits at its top level.
    build: { write: false, target: 'es2022', modulePreload: { polyfill: false } },
  })) as Rolldown.RolldownOutput
  return new Map(
    result.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]),
  )
}
