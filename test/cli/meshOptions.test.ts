import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom, toHex } from '../../lib/core/index.ts'
import { meshOptions, type MeshArgs } from '../../lib/cli/meshOptions.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

function options(args: Partial<MeshArgs>, host = '127.0.0.1', port = 7100) {
  return meshOptions({ libp2p: true, 'named-only': false, ...args }, host, port, systemRandom)
}

describe('the options of openconvoy signal for the mesh', () => {
  it('ask for none without --libp2p', async () => {
    expect(await options({ libp2p: false })).toBeUndefined()
  })

  it.each([
    ['127.0.0.1', 7100, ['/ip4/127.0.0.1/tcp/7101', '/ip4/127.0.0.1/tcp/7102/ws']],
    ['127.0.0.1', 0, ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']],
    ['::1', 7100, ['/ip6/::1/tcp/7101', '/ip6/::1/tcp/7102/ws']],
    ['::', 80, ['/ip4/0.0.0.0/tcp/81', '/ip4/0.0.0.0/tcp/82/ws', '/ip6/::/tcp/81', '/ip6/::/tcp/82/ws']],
  ])('listen beside the service, at %s and port %d', async (host, port, listen) => {
    expect(await options({}, host, port)).toEqual({ listen, namedOnly: false })
  })

  it('take lists with commas', async () => {
    const lists = {
      peers: '/dns4/a/tcp/1, /dns4/b/tcp/2,',
      listen: '/ip4/127.0.0.1/tcp/3',
      'announce-as': '/dns4/c/tcp/4',
    }
    expect(await options({ ...lists, 'named-only': true })).toEqual({
      peers: ['/dns4/a/tcp/1', '/dns4/b/tcp/2'],
      listen: ['/ip4/127.0.0.1/tcp/3'],
      announce: ['/dns4/c/tcp/4'],
      namedOnly: true,
    })
  })

  it.each([{ peers: 'x' }, { listen: 'x' }, { key: 'x' }, { 'announce-as': 'x' }, { 'named-only': true }])(
    'make no sense without --libp2p: %j',
    async (args) => {
      const [name] = Object.keys(args)
      await expect(options({ ...args, libp2p: false })).rejects.toThrow(`--${name} is about the mesh`)
    },
  )

  it('[MSH-3] keep the key in a file that only its user may read, and never write over one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openconvoy-'))
    folders.push(folder)
    const key = join(folder, 'keys', 'mesh.key')
    const [one, again] = [await options({ key }), await options({ key })]
    expect(one?.seed).toHaveLength(32)
    expect(again?.seed).toEqual(one?.seed)
    expect(await readFile(key, 'utf8')).toBe(`${toHex(one!.seed!)}\n`)
    expect((await stat(key)).mode & 0o777).toBe(0o600)
    await writeFile(key, 'no key')
    await expect(options({ key })).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await readFile(key, 'utf8')).toBe('no key')
    await expect(options({ key: join(key, 'below') })).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
