import { afterEach, describe, expect, it } from 'vitest'
import { isConvoyError, systemRandom, utf8 } from '../../lib/core/index.ts'
import { cutCodes, webSocketRendezvous, type Rendezvous, type Route } from '../../lib/rendezvous/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { foundSession } from '../compliance/rendezvous.ts'
import { RawClient } from './rawClient.ts'
import { Bench, clock, startReopenable, until } from './support.ts'

const bench = new Bench()
const rendezvous: Rendezvous[] = []
afterEach(async () => {
  await Promise.all(rendezvous.splice(0).map((one) => one.close()))
  await bench.close()
})

function client(service: SignalingService): Rendezvous {
  const timings = { backOffMs: [20] }
  const one = webSocketRendezvous(service.url, { clock, random: systemRandom, timings })
  rendezvous.push(one)
  return one
}

const readiness = async (service: SignalingService) => {
  const response = await fetch(`http://127.0.0.1:${service.port}/readyz`)
  return { status: response.status, body: (await response.json()) as unknown }
}

describe('a service that drains', () => {
  it('[RDV-42] lets a route under way finish, and is gone when it has', async () => {
    const service = await bench.service()
    const session = foundSession(clock)
    const hosted = await client(service).announce(await session.announcement())
    const arrived = new Promise<Route>((resolve) => hosted.on('route', resolve))
    const { route: joiner } = await client(service).reach(session.sessionId)
    const host = await arrived
    const atHost: string[] = []
    host.on('message', (message) => atHost.push(Buffer.from(message).toString()))
    joiner.send(utf8('before'))
    await until(() => atHost.length === 1)

    let isDone = false
    const drained = service.drain({ withinMs: 60_000 }).then(() => (isDone = true))
    joiner.send(utf8('meanwhile'))
    await until(() => atHost.length === 2)
    expect([isDone, service.state, service.stats().routes]).toEqual([false, 'draining', 1])
    joiner.close()
    await drained
    expect(service.state).toBe('closed')
    expect(atHost).toEqual(['before', 'meanwhile'])
  })

  it('[RDV-42] tells load balancers, and takes no new connections', async () => {
    const service = await bench.service()
    expect(await readiness(service)).toEqual({ status: 200, body: { status: 'ready' } })
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement()).envelope)
    const joiner = await bench.client(service)
    await joiner.ask({ type: 'open', session: session.sessionId })

    void service.drain({ withinMs: 60_000 })
    expect(await readiness(service)).toEqual({ status: 503, body: { status: 'draining' } })
    // Alive all the same: nobody is to kill it.
    const health = await fetch(`http://127.0.0.1:${service.port}/healthz`)
    expect([health.status, await health.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'draining', clients: 2 }),
    ])
    await expect(RawClient.connect(service.url)).rejects.toThrow('503')
    // Who is there still can begin nothing.
    expect(await joiner.ask({ type: 'open', session: session.sessionId })).toMatchObject({
      code: 'rate-limited',
    })
    expect(await host.announce((await foundSession(clock).announcement()).envelope)).toMatchObject({
      code: 'rate-limited',
    })
    await service.close()
    expect(await joiner.closed()).toBe(cutCodes['going-away'])
  })

  it('[RDV-42] sends away at once who has nothing under way: a joiner gets to hear it, and tries its next hint', async () => {
    const service = await bench.service()
    const idle = await bench.client(service)
    const joiner = client(service)
    await joiner.list()
    await service.drain()
    expect(await idle.closed()).toBe(cutCodes['going-away'])
    const error: unknown = await joiner
      .reach(foundSession(clock).sessionId)
      .catch((caught: unknown) => caught)
    expect(isConvoyError(error, 'rendezvous-unreachable')).toBe(true)
  })

  it('[RDV-42] tells joiners that wait for an absent host not to wait any longer', async () => {
    const service = await bench.service({ limits: { openWaitMs: 60_000 } })
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement()).envelope)
    host.socket.terminate()
    await until(() => service.stats().clients === 0)
    const joiner = await bench.client(service)
    const answer = joiner.ask({ type: 'open', session: session.sessionId })
    await until(() => service.stats().receivedFrames.open?.accepted === 1)
    await service.drain()
    expect(await answer).toMatchObject({ code: 'session-not-found' })
  })

  it('[RDV-42] waits for routes no longer than it was told', async () => {
    const service = await bench.service()
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement()).envelope)
    const joiner = await bench.client(service)
    await joiner.ask({ type: 'open', session: session.sessionId })
    await service.drain({ withinMs: 150 })
    expect([await host.closed(), await joiner.closed()]).toEqual([1001, 1001])
  })

  it('[RDV-27] has its hosts announce at the one that takes its place', async () => {
    const first = await startReopenable()
    const session = foundSession(clock)
    const hosted = await client(first).announce(await session.announcement())
    let restored = 0
    hosted.on('restored', () => restored++)
    await first.drain()
    const second = await startSignaling({ clock, random: systemRandom, port: first.port })
    await until(() => restored === 1)
    expect(second.stats().sessions).toBe(1)
    await second.close()
  })

  it('can be asked to any number of times, and to close meanwhile', async () => {
    const service = await bench.service()
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement()).envelope)
    const joiner = await bench.client(service)
    await joiner.ask({ type: 'open', session: session.sessionId })
    const drains = [service.drain({ withinMs: 60_000 }), service.drain({ withinMs: 60_000 })]
    await service.close()
    await Promise.all(drains)
    await service.drain()
    expect(service.state).toBe('closed')
  })
})
