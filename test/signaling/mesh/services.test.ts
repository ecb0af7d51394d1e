import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../lib/core/index.ts'
import { startSignaling } from '../../../signaling/index.ts'
import { clock, until } from '../support.ts'
import { addressOf, MeshBench, others, remote, talk } from './support.ts'

const bench = new MeshBench()
afterEach(() => bench.close())

describe('a mesh of five services', () => {
  it('[MSH-1] [MSH-2] joins a host on one and a joiner on another, also when two die meanwhile', async () => {
    const line = await bench.line(5)
    const [first, second, middle, fourth, last] = line.map((service) => service)
    await until(() => line.every((service) => others(service) === 4))
    const { sessionId } = await bench.host(first!.url, 'Over the hills')
    await until(() => remote(last!) === 1)
    const joiner = bench.at(last!.url)
    const joining = talk(joiner, sessionId, 'one')
    const dying = Promise.all([middle!.close(), second!.close()])
    expect(await joining).toBe('echo one')
    await dying
    expect(await talk(joiner, sessionId, 'two')).toBe('echo two')
    expect(await talk(bench.at(fourth!.url), sessionId, 'three')).toBe('echo three')
    await until(() => others(last!) === 2)
    expect(await bench.at(fourth!.url).list()).toHaveLength(1)
  })
})

describe('a service in a mesh', () => {
  it('[MSH-3] keeps its id with its seed, and has another without', async () => {
    const seed = new Uint8Array(32).fill(7)
    const ids = []
    for (const mesh of [{ seed }, { seed }, {}]) {
      const service = await startSignaling({ clock, random: systemRandom, stunPort: null, mesh })
      ids.push(service.mesh?.id)
      await service.close()
    }
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  it('[MSH-2] speaks WebSockets as well as TCP', async () => {
    const one = await bench.service({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const other = await bench.service({ listen: ['/ip4/127.0.0.1/tcp/0/ws'], peers: addressOf(one) })
    expect(addressOf(one)[0]).toContain('/ws/p2p/')
    const { sessionId } = await bench.host(one.url)
    await until(() => remote(other) === 1)
    expect(await talk(bench.at(other.url), sessionId)).toBe('echo hello')
  })

  it('[MSH-13] finds a service again that was not there when it started', async () => {
    const later = await bench.service({ seed: new Uint8Array(32).fill(9), listen: ['/ip4/127.0.0.1/tcp/0'] })
    const peers = addressOf(later)
    await later.close()
    const one = await bench.service({ peers })
    expect(others(one)).toBe(0)
    const [listen] = peers.map((address) => address.replace(/\/p2p\/.*/, ''))
    const back = await bench.service({ seed: new Uint8Array(32).fill(9), listen: [listen!] })
    await until(() => others(one) === 1 && others(back) === 1)
  })

  it('[MSH-2] named by an address that leads to itself is alone, and harmed by nothing', async () => {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const probe = await bench.service({ listen })
    const [own] = addressOf(probe).map((address) => address.replace(/\/p2p\/.*/, ''))
    await probe.close()
    const service = await bench.service({ listen: [own!], peers: [own!] })
    const other = await bench.service({ peers: [own!] })
    await until(() => others(service) === 1 && others(other) === 1)
    expect(service.stats().mesh!.refused).toEqual({})
  })

  it('[MSH-15] tells how it does, in /healthz too, and nothing of anybody', async () => {
    const one = await bench.service()
    const other = await bench.service({ peers: addressOf(one) })
    await bench.host(other.url)
    await until(() => remote(one) === 1)
    const health = (await (await fetch(`${one.url.replace('ws', 'http')}/healthz`)).json()) as {
      mesh: object
    }
    expect(health.mesh).toEqual({
      services: 1,
      sessions: 1,
      routes: 0,
      known: expect.any(Number) as number,
      connections: expect.any(Number) as number,
      reservations: 0,
      refused: {},
    })
    expect(bench.bench.log.join()).not.toContain('127.0.0.1')
    expect(bench.bench.log.join()).not.toContain(one.mesh!.id)
  })

  it.each([
    ['an address that is none', { listen: ['127.0.0.1:7101'] }, 'is no address for listening'],
    ['an address of somebody else', { listen: ['/ip4/203.0.113.9/tcp/0'] }, "can't listen on"],
    ['a peer that is none', { peers: ['wss://example.org'] }, 'is no address for another service'],
    ['a short seed', { seed: new Uint8Array(31) }, 'A seed has 32 bytes'],
  ])('refuses %s with a word on what to do, and leaves nothing running', async (_name, mesh, message) => {
    await expect(startSignaling({ clock, random: systemRandom, mesh })).rejects.toThrow(message)
  })

  it('says that a port is taken', async () => {
    const [taken] = addressOf(await bench.service()).map((address) => address.replace(/\/p2p\/.*/, ''))
    const starting = startSignaling({ clock, random: systemRandom, mesh: { listen: [taken!] } })
    await expect(starting).rejects.toMatchObject({ code: 'port-in-use' })
  })
})
