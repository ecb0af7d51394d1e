import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'

/** simple-peer's source: what the plugin turns into a module. */
export const simplePeerSource = createRequire(import.meta.url).resolve('simple-peer')
const standIns = new URL('../lib/rtc/simplePeer/standIns.ts', import.meta.url).pathname

/** simple-peer's dependencies by the names its source gives them: each has a stand-in of that name. */
const dependencies = {
  debug: 'debug',
  getBrowserRTC: 'get-browser-rtc',
  randombytes: 'randombytes',
  stream: 'readable-stream',
  queueMicrotask: 'queue-microtask',
  errCode: 'err-code',
  Buffer: 'buffer',
}

/**
 * Resolves `#simple-peer` to simple-peer's own source over slim stand-ins, as an ES module: what the build writes
 * to dist/vendor/simple-peer.js and what pages built from this repository's sources get. simple-peer as published
 * needs Node's built-ins, and its own browser file is 29.6 kB gzipped, nearly all of it polyfills.
 */
export function simplePeerForBrowsers(): Plugin {
  return {
    name: 'simple-peer-for-browsers',
    enforce: 'pre',
    resolveId: (id) => (id === '#simple-peer' ? simplePeerSource : undefined),
    async load(id) {
      if (id !== simplePeerSource) return undefined
      return toModule(await readFile(simplePeerSource, 'utf8'))
    },
  }
}

function toModule(source: string): string {
  const required = /^const (\w+|\{ \w+ \}) = require\('([\w-]+)'\)(\('simple-peer'\))?.*$/gm
  const found: string[] = []
  const body = source
    .replace(required, (_line, name: string, from: string) => {
      found.push(from)
      return `// ${name}: stand-in for ${from}`
    })
    .replace(/^module\.exports = Peer$/m, 'export default Peer')
  // Upstream is pinned; should it ever be raised, this tells what to look at again.
  if (
    found.sort().join() !== Object.values(dependencies).sort().join() ||
    !/^export default Peer$/m.test(body)
  ) {
    throw new Error(
      `simple-peer's source is not what the stand-ins were written for; it requires ${found.join()}`,
    )
  }
  const names = Object.keys(dependencies).map((name) => (name === 'debug' ? 'debug as debugFor' : name))
  const imports = `import { ${names.join(', ')} } from ${JSON.stringify(standIns)}`
  return `${imports}\nconst debug = debugFor()\n${body}`
}
