import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** The modules of packages that importing `name` loads, in a process of its own. */
async function loadedBy(name: string): Promise<string[]> {
  const hook = `
    import { registerHooks } from 'node:module'
    const urls = new Set()
    registerHooks({ load(url, context, next) { urls.add(url); return next(url, context) } })
    await import('${name}')
    console.log([...urls].join('\\n'))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=openconvoy-source', '--input-type=module', '--eval', hook],
    { maxBuffer: 16 * 1_024 * 1_024 },
  )
  return stdout.split('\n')
}

const ofLibp2p = (url: string): boolean =>
  /\/node_modules\/(@libp2p|libp2p|@multiformats|@chainsafe)\/|\/lib\/rendezvous\/libp2p\//.test(url)

describe('the entry points', () => {
  it('openconvoy and openconvoy/signaling load nothing of libp2p', async () => {
    for (const name of ['openconvoy', 'openconvoy/signaling', 'openconvoy/testing']) {
      const modules = await loadedBy(name)
      expect(modules.length).toBeGreaterThan(20)
      expect(modules.filter(ofLibp2p)).toEqual([])
    }
  })

  it('openconvoy/libp2p loads it', async () => {
    const modules = await loadedBy('openconvoy/libp2p')
    expect(modules.filter(ofLibp2p).length).toBeGreaterThan(100)
  })
})
