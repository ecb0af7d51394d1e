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

/** What belongs to the entry openconvoy/libp2p alone. */
const ofLibp2p = ['@libp2p', 'libp2p', '@chainsafe', '@multiformats', 'multiformats', 'uint8arraylist']

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
    for (const name of [...notForPages, ...ofLibp2p, 'readable-stream', 'buffer']) {
      expect(modules.filter((id) => id.includes(`/node_modules/${name}`))).toEqual([])
    }
    const ours = modules.filter((id) => !id.includes('/node_modules/')).join('\n')
    expect(ours).not.toMatch(/\/lib\/(cli|testing|rendezvous\/libp2p)\/|\/signaling\//)
    expect(bundle.code).not.toContain('/noise')
    expect(bundle.code).not.toContain('p2p-circuit/')
  })

  it("takes the browser's variant of what differs between platforms", () => {
    expect(
      modules.filter((id) => /\/platform(\.browser)?\.ts$/.test(id)).map((id) => id.split('/lib/')[1]),
    ).toEqual(expect.arrayContaining(['core/platform.browser.ts', 'rtc/platform.browser.ts']))
    expect(modules.filter((id) => id.endsWith('/platform.ts'))).toEqual([])
    expect(modules.filter((id) => id.includes('/lib/rtc/simplePeer/'))).not.toEqual([])
  })
})

describe('openconvoy/libp2p as bundled for a page', () => {
  it('reaches none of the modules of Node, and holds no TCP', { timeout: 60_000 }, async () => {
    const entry = join(import.meta.dirname, '../../lib/rendezvous/libp2p/index.ts')
    const { code, modules, imports } = await bundleForPages(entry, { minify: true })
    const ids = [...modules.keys()]
    expect(ids.filter((id) => id.includes('browser-external:'))).toEqual([])
    expect(code).not.toMatch(/["'`]node:/)
    expect(imports).toEqual([])
    expect(ids.filter((id) => id.includes('/node_modules/@libp2p/tcp/'))).toEqual([])
    expect(ids.filter((id) => id.endsWith('/libp2p/platform.ts'))).toEqual([])
  })
})
