import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundleForPages, type PageBundle } from '../support/pageBundle.ts'

// What only Node has, or is too much for every page: by package.
const notForPages = [
  'werift',
  'node-datachannel',
  'ws',
  'multicast-dns',
  'dns-packet',
  'citty',
  'picocolors',
  'simple-peer/simplepeer.min.js',
]

describe('the library as bundled for a page', () => {
  let bundle: PageBundle
  let modules: readonly string[]

  beforeAll(async () => {
    bundle = await bundleForPages(join(import.meta.dirname, '../../lib/index.ts'), { minify: true })
    modules = [...bundle.modules.keys()]
  })

  it('reaches none of the modules of Node', () => {
    // Vite puts a stub of such a name where a module of Node was asked for. (Without a colon it is what a package
    // says itself that browsers do without, as tweetnacl does of `crypto`.)
    expect(modules.filter((id) => id.includes('browser-external:'))).toEqual([])
    expect(bundle.code).not.toMatch(/["'`]node:/)
    expect(bundle.imports).toEqual([])
  })

  it('holds no engine, socket or program of Node', () => {
    for (const name of [...notForPages, '@libp2p', 'libp2p', 'readable-stream', 'buffer']) {
      expect(modules.filter((id) => id.includes(`/node_modules/${name}`))).toEqual([])
    }
    const ours = modules.filter((id) => !id.includes('/node_modules/')).join('\n')
    expect(ours).not.toMatch(/\/lib\/(cli|testing)\/|\/signaling\//)
  })

  it("takes the browser's variant of what differs between platforms", () => {
    expect(
      modules.filter((id) => /\/platform(\.browser)?\.ts$/.test(id)).map((id) => id.split('/lib/')[1]),
    ).toEqual(expect.arrayContaining(['core/platform.browser.ts', 'rtc/platform.browser.ts']))
    expect(modules.filter((id) => id.endsWith('/platform.ts'))).toEqual([])
    expect(modules.filter((id) => id.includes('/lib/rtc/simplePeer/'))).not.toEqual([])
  })
})
