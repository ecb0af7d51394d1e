import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './run.ts'

/** A way into the package, from `exports` in package.json. */
export interface EntryPoint {
  /** `openconvoy`, or `openconvoy-testing` for `openconvoy/testing`. */
  name: string
  /** What programs import, e.g. `openconvoy/testing`. */
  specifier: string
  /** Paths from the repository's root. */
  source: string
  declarations: string
  script: string
}

/** Every entry point that holds code. */
export function entryPoints(): EntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    name: string
    exports: Record<string, string | { 'openconvoy-source': string; types: string; default: string }>
  }
  return Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : {
          name: manifest.name + path.slice(1).replaceAll('/', '-'),
          specifier: manifest.name + path.slice(1),
          source: target['openconvoy-source'],
          declarations: target.types,
          script: target.default,
        },
  )
}
