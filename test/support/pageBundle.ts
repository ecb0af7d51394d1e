import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build, type Rolldown } from 'vite'
import { simplePeerForBrowsers } from '../../scripts/simplePeerForBrowsers.ts'

/** A bundle as a page gets it, and which modules went into it. */
export interface PageBundle {
  readonly code: string
  /** Bytes that each module contributed before minification, by the module's path. */
  readonly modules: ReadonlyMap<string, number>
  /** What it imports instead of holding it. */
  readonly imports: readonly string[]
}

/** What {@link bundleForPages} does besides bundling. */
export interface BundleOptions {
  minify?: boolean
  /** Imports left out of the bundle. */
  external?: (id: string) => boolean
}

/** Bundles the sources from `entry` (a path) on, as an embedding page's bundler does. */
export async function bundleForPages(entry: string, options: BundleOptions = {}): Promise<PageBundle> {
  const result = (await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [simplePeerForBrowsers()],
    resolve: { conditions: ['openconvoy-source', 'browser'] },
    build: {
      write: false,
      target: 'es2022',
      minify: options.minify ?? false,
      modulePreload: false,
      rolldownOptions: {
        input: entry,
        // Everything exported stays, as for a program that uses it all.
        preserveEntrySignatures: 'strict',
        output: { format: 'es', codeSplitting: false },
        ...(options.external === undefined ? {} : { external: options.external }),
      },
    },
  })) as Rolldown.RolldownOutput
  const [chunk, ...others] = result.output
  if (others.length > 0) throw new Error(`Expected one file, got ${others.length} more.`)
  const modules = Object.entries(chunk.modules).map(([id, module]) => [id, module.renderedLength] as const)
  return { code: chunk.code, modules: new Map(modules), imports: [...chunk.imports, ...chunk.dynamicImports] }
}

/** What a {@link servePages} server answers to one path. */
export interface ServedFile {
  readonly type: 'text/html' | 'text/javascript'
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Serves `files` by path on a port of its own; `http://localhost` counts as secure, so that all of WebCrypto is there. */
export async function servePages(
  files: Readonly<Record<string, ServedFile>>,
): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    if (file === undefined) return response.writeHead(404).end()
    return response
      .writeHead(200, { ...file.headers, 'content-type': `${file.type}; charset=utf-8` })
      .end(file.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
