import { afterEach, describe, expect, it } from 'vitest'
import { fromUtf8, systemRandom, utf8 } from '../../../lib/core/index.ts'
import { webSocketRendezvous, type HostedSession, type Rendezvous, type Route } from '../../../lib/rendezvous/index.ts'
import type { MeshOptions, SignalingService } from '../../../signaling/index.ts'
import { foundSession, watch } from '../../compliance/rendezvous.ts'
import { Bench, clock, until } from '../support.ts'

const bench = new Bench()
const rendezvous: Rendezvous[] = []
afterEach(async () => {
  await Promise.all(rendezvous.splice(0).map((one) => one.close()))
  await bench.close()
})

function at(service: SignalingService): Rendezvous {
  const one = webSocketRendezvous(service.url, { clock, random: systemRandom })
  rendezvous.push(one)
  return one
}

function start(mesh: MeshOptions = {}): Promise<SignalingService> {
  return bench.service({ stunPort: null, mesh })
}

/** Each knows the one before it, and no other. */
async function startLine(count: number): Promise<SignalingService[]> {
  const line: SignalingService[] = []
  for (let index = 0; index < count; index++) {
    const before = line.at(-1)?.mesh?.addresses() ?? []
    line.push(await start({ peers: before.slice(0, 1) }))
  }
  return line
}

async function host(service: SignalingService, lobbyName: string | null = null) {
  const session = foundSession(clock)
  const hosted: HostedSession = await at(service).announce(await session.announcement({ lobbyName }))
  const routes: Route[] = []
  hosted.on('route', (route) => {
    routes.push(route)
    route.on('message', (message) => route.send(utf8(`echo ${fromUtf8(message)}`)))
  })
  return { session, hosted, routes }
}

async function greet(joiner: Rendezvous, sessionId: Uint8Array, text: string): Promise<void> {
  const { route } = await joiner.reach(sessionId)
  const seen = watch(route)
  route.send(utf8(text))
  await until(() => seen.texts.length === 1)
  expect(seen.texts).toEqual([`echo ${text}`])
  route.close()
}

const others = (service: SignalingService): number => service.stats().mesh?.services ?? 0
const remote = (service: SignalingService): number => service.stats().mesh?.sessions ?? 0

describe('a mesh of five services', () => {
  it('[MSH-1] [MSH-2] joins a host on one and a joiner on another, also when two die meanwhile', async () => {
    const line = await startLine(5)
    const [first, second, middle, fourth, last] = line as [SignalingService, SignalingService, SignalingService, SignalingService, SignalingService]
    await until(() => line.every((service) => others(service) === 4))
    const { session } = await host(first, 'Over the hills')
    await until(() => remote(last) === 1)
    const joiner = at(last)
    const joining = greet(joiner, session.sessionId, 'one')
    const dying = Promise.all([middle.close(), second.close()])
    await joining
    await dying
    await greet(joiner, session.sessionId, 'two')
    await greet(at(fourth), session.sessionId, 'three')
    await until(() => others(last) === 2)
    expect(await at(fourth).list()).toHaveLength(1)
  })
})
