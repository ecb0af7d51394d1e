import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { forwardedAddress, isLoopback, limitKey } from '../../signaling/addresses.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { foundSession } from '../compliance/rendezvous.ts'
import { RawClient } from './rawClient.ts'
import { Bench, clock, startReopenable, until } from './support.ts'

const bench = new Bench()
afterEach(() => bench.close())
const environment = { clock, random: systemRandom }

describe('a signaling service', () => {
  it('listens to this machine only unless told otherwise, on a free port', async () => {
    const service = await bench.service()
    expect(service.url).toBe(`ws://127.0.0.1:${service.port}`)
    expect(service.port).toBeGreaterThan(0)
    expect(service.stunUrl).toMatch(/^stun:127\.0\.0\.1:\d+$/)
  })

  it('answers no STUN where none is wanted, and says so to clients', async () => {
    const service = await bench.service({ stunPort: null })
    expect(service.stunUrl).toBeUndefined()
    const client = await bench.client(service)
    expect(await client.frame('welcome')).toMatchObject({ stunPort: null, stunHost: null })
  })

  it('[RDV-30] tells clients where STUN is: where they reached the service, or where its operator says', async () => {
    const plain = await bench.service()
    const named = await bench.service({ stunHost: 'stun.example.org' })
    for (const [service, url] of [
      [plain, plain.stunUrl],
      [named, `stun:stun.example.org:${named.port}`],
    ] as const) {
      const rendezvous = webSocketRendezvous(service.url, environment)
      expect(rendezvous.iceServers()).toEqual([])
      await rendezvous.list()
      expect(rendezvous.iceServers()).toEqual([{ urls: url }])
      await rendezvous.close()
    }
  })

  it('shows its health as JSON, and nothing about anybody', async () => {
    const service = await bench.service()
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement({ lobbyName: 'Secret' })).envelope)
    const response = await fetch(`http://127.0.0.1:${service.port}/healthz`)
    const text = await response.text()
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(JSON.parse(text)).toMatchObject({ status: 'ok', clients: 1, sessions: 1, routes: 0, refused: {} })
    expect(text).not.toMatch(/Secret|127\.0/)
  })

  it('answers other requests politely and briefly', async () => {
    const service = await bench.service()
    const base = `http://127.0.0.1:${service.port}`
    expect(await (await fetch(base)).text()).toContain('OpenConvoy signaling service')
    expect((await fetch(`${base}/../etc/passwd`)).status).toBe(404)
    expect((await fetch(base, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(405)
  })
})

describe('starting a service', () => {
  it('says port-in-use, which port and what to do, when TCP is taken', async () => {
    const { port } = await bench.service()
    const error = await startSignaling({ ...environment, port }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'port-in-use' })
    expect((error as Error).message).toMatch(new RegExp(`TCP port ${port} .*choose another port`))
  })

  it('says port-in-use when the UDP port is taken, and lets go of TCP', async () => {
    const blocker = createSocket('udp4')
    await new Promise<void>((resolve) => blocker.bind(0, '127.0.0.1', resolve))
    const { port: stunPort } = blocker.address()
    await expect(startSignaling({ ...environment, stunPort })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringContaining(`UDP port ${stunPort}`) as string,
    })
    await new Promise<void>((resolve) => blocker.close(resolve))
  })

  it.each([
    ['a port out of range', { port: 65_536 }],
    ['a port that is no whole number', { port: 80.5 }],
    ['an address of another machine', { host: '192.0.2.77' }],
    ['a host that does not exist', { host: 'no-such-host.invalid' }],
  ])('refuses %s as invalid-argument', async (_name, options) => {
    await expect(startSignaling({ ...environment, ...options })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })
})

describe('stopping a service', () => {
  it('[RDV-28] takes leave of its clients within a second, of silent ones too, and frees its ports', async () => {
    const simulated = new SimulatedClock()
    const service = await startReopenable({ clock: simulated })
    const polite = await bench.client(service)
    const deaf = await bench.client(service)
    deaf.socket.pause()
    const closing = service.close()
    expect(await polite.closed()).toBe(1001)
    // All the time it takes for those who do not answer.
    simulated.advance(1_000)
    await closing
    expect(simulated.pendingTimers).toBe(0)
    const again = await startSignaling({ ...environment, port: service.port })
    await again.close()
  })

  it('can be asked for any number of times', async () => {
    const service = await bench.service()
    await Promise.all([service.close(), service.close()])
    await service.close()
  })

  it('shows in the statistics, which can still be read', async () => {
    const service = await bench.service()
    await bench.client(service)
    await service.close()
    expect(service.stats()).toMatchObject({ clients: 0, sessions: 0, routes: 0 })
  })
})

describe('the door', () => {
  const turnedAway = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
    RawClient.connect(url, { headers }).then(
      (client) => {
        client.socket.terminate()
        return 'let in'
      },
      (error: unknown) => (error as Error).message,
    )

  it('lets in so many connections altogether', async () => {
    const service = await bench.service({ limits: { connections: 2 } })
    await bench.client(service)
    const second = await bench.client(service)
    expect(await turnedAway(service.url)).toContain('503')
    expect(service.stats().refused).toEqual({ 'door-full': 1 })
    second.socket.close()
    await until(() => service.stats().clients === 1)
    await bench.client(service)
  })

  it('lets in so many connections from one address, where a proxy tells them apart by it', async () => {
    const service = await bench.service({ trustProxy: true, limits: { connectionsPerAddress: 2 } })
    const from = (address: string) => ({ 'X-Forwarded-For': address })
    await bench.client(service, from('203.0.113.1'))
    await bench.client(service, from('203.0.113.1'))
    expect(await turnedAway(service.url, from('203.0.113.1'))).toContain('429')
    // What a client puts in front does not help it.
    expect(await turnedAway(service.url, from('198.51.100.9, 203.0.113.1'))).toContain('429')
    await bench.client(service, from('203.0.113.2'))
  })

  it('does not believe X-Forwarded-For without a proxy', async () => {
    const service = await bench.service({ limitLoopback: true, limits: { connectionsPerAddress: 1 } })
    await bench.client(service, { 'X-Forwarded-For': '203.0.113.1' })
    expect(await turnedAway(service.url, { 'X-Forwarded-For': '203.0.113.2' })).toContain('429')
  })

  it('slows down who dials too often', async () => {
    const service = await bench.service({
      limitLoopback: true,
      limits: { dialsBurst: 3, dialsPerSecond: 0.001 },
    })
    const outcomes: string[] = []
    for (let count = 0; count < 5; count++) outcomes.push(await turnedAway(service.url))
    expect(outcomes.filter((outcome) => outcome === 'let in')).toHaveLength(3)
    expect(service.stats().refused).toEqual({ 'door-too-many': 2 })
  })
})

describe('addresses', () => {
  it('count by IPv4 address and by IPv6 /64', () => {
    expect(limitKey('192.0.2.1')).toBe('192.0.2.1')
    expect(limitKey('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(limitKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(limitKey('2001:0DB8:1:2::9')).toBe(limitKey('2001:db8:1:2:ffff::1'))
    expect(limitKey('2001:db8::1')).toBe('2001:db8:0:0::/64')
    expect(limitKey('::1')).toBe('0:0:0:0::/64')
  })

  it('are taken from a proxy as it saw them itself', () => {
    expect(forwardedAddress('6.6.6.6, 203.0.113.7')).toBe('203.0.113.7')
    expect(forwardedAddress(['6.6.6.6', '2001:db8::1'])).toBe('2001:db8::1')
    expect(forwardedAddress('unknown')).toBeUndefined()
    expect(forwardedAddress(undefined)).toBeUndefined()
  })

  it('are this machine’s own or not', () => {
    for (const own of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      expect(isLoopback(own)).toBe(true)
    for (const other of ['10.0.0.1', '2001:db8::1', '0.0.0.0']) expect(isLoopback(other)).toBe(false)
  })
})

describe('a port that does not speak', () => {
  it('counts as unreachable once the wait is over', async () => {
    // Reads, or it would not notice that the other side hung up.
    const mute = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    const rendezvous = webSocketRendezvous(`ws://127.0.0.1:${port}`, {
      ...environment,
      timings: { connectMs: 100 },
    })
    await expect(rendezvous.list()).rejects.toMatchObject({
      code: 'rendezvous-unreachable',
      message: expect.stringContaining(`ws://127.0.0.1:${port}`) as string,
    })
    await rendezvous.close()
    await new Promise((resolve) => mute.close(resolve))
  })
})
