import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, seededRandom, toHex, utf8 } from '../../../lib/core/index.ts'
import type { Announcement, Route } from '../../../lib/rendezvous/index.ts'
import { simulatedIdentity } from '../../../lib/testing/index.ts'
import { encodeFeedFrame, encodeRouteFrame, type FeedFrame } from '../../../signaling/mesh/frames.ts'
import { foundSession, foundSuccession, watch } from '../../compliance/rendezvous.ts'
import { Party } from './party.ts'
import { SimulatedMesh, type SimulatedService } from './simulatedMesh.ts'

let world: SimulatedMesh
let north: SimulatedService
let evil: Party
let seed = 100
const identity = () => simulatedIdentity(seededRandom(++seed))

beforeEach(() => {
  world = new SimulatedMesh()
  north = world.service('north')
  evil = new Party(world, 'evil')
})
afterEach(async () => {
  world.disconnect('evil', 'north')
  await world.close()
  expect(world.clock.pendingTimers).toBe(0)
})

const up = ({ envelope, proof = [] }: Announcement): FeedFrame => ({
  type: 'up',
  envelope,
  proof: [...proof],
})
const refused = () => north.mesh.stats().refused

async function listed(): Promise<string[]> {
  const envelopes = await world.clock.complete(world.rendezvous('north').list())
  return envelopes.map(toHex)
}

/** A host at `id` that answers whatever it hears. */
async function host(id: string, announcement: Announcement): Promise<Route[]> {
  const hosted = await world.clock.complete(world.rendezvous(id).announce(announcement))
  const routes: Route[] = []
  hosted.on('route', (route) => {
    routes.push(route)
    route.on('message', (message) => route.send(utf8(`echo ${fromUtf8(message)}`)))
  })
  await world.clock.run(50)
  return routes
}

async function answered(sessionId: Uint8Array): Promise<boolean> {
  const { route } = await world.clock.complete(world.rendezvous('north').reach(sessionId))
  const seen = watch(route)
  route.send(utf8('hello'))
  await world.clock.run(100)
  route.close()
  await world.clock.run(50)
  return seen.texts.includes('echo hello')
}

describe('a hostile service', () => {
  it('[MSH-6] gets nothing in that the session’s host did not sign', async () => {
    const real = await foundSession(world.clock, identity()).announcement({ lobbyName: 'Real' })
    const bent = { ...real, envelope: real.envelope.slice() }
    bent.envelope[bent.envelope.length - 1]! ^= 1
    const elected = foundSuccession(world.clock, identity)
    await elected.found()
    await elected.record.elected(elected.hosts[1], [elected.hosts[1], elected.hosts[2]])
    const unproven = { ...(await elected.announcement(elected.hosts[1])), proof: [] }
    const foreign = { ...(await elected.announcement(elected.hosts[2])) }
    evil.feed('north', up(bent), up(unproven), up(foreign), { type: 'synced' })
    await world.clock.run(1_000)
    expect(await listed()).toEqual([])
    expect(refused()).toEqual({ 'mesh-unauthentic': 3 })
  })

  it('[MSH-14] is shunned once it did too much wrong, and all it said is forgotten', async () => {
    const real = await foundSession(world.clock, identity()).announcement({ lobbyName: 'Real' })
    const bent = { ...real, envelope: real.envelope.slice() }
    bent.envelope[bent.envelope.length - 1]! ^= 1
    evil.feed('north', up(real), ...Array.from({ length: 20 }, () => up(bent)))
    await world.clock.run(500)
    expect(await listed()).toHaveLength(1)
    evil.feed('north', ...Array.from({ length: 5 }, () => up(bent)))
    await world.clock.run(500)
    expect(await listed()).toEqual([])
    expect(refused()['mesh-shunned']).toBe(1)
    expect(world.isShunned('north', 'evil')).toBe(true)
    expect(north.mesh.stats()).toMatchObject({ services: 0, sessions: 0 })
  })

  it('[MSH-14] does no harm with what is no frame', async () => {
    const feed = evil.feed('north')
    for (const bytes of [
      new Uint8Array(),
      utf8('junk'),
      new Uint8Array(17_000),
      encodeRouteFrame({ type: 'opened' }),
    ])
      feed.send(bytes)
    feed.send(encodeFeedFrame({ type: 'feed', version: 1 }))
    world.open('evil', 'north', 'feed').send(encodeFeedFrame({ type: 'beat' }))
    world.open('evil', 'north', 'route').send(encodeFeedFrame({ type: 'beat' }))
    await world.clock.run(1_000)
    expect(refused()).toEqual({ 'mesh-malformed': 7 })
    const real = await foundSession(world.clock, identity()).announcement({ lobbyName: 'Real' })
    evil.feed('north', up(real))
    await world.clock.run(100)
    expect(await listed()).toHaveLength(1)
  })

  it('[MSH-7] changes nothing with what is stale, expired or said before', async () => {
    const session = foundSession(world.clock, identity())
    const old = await session.announcement({ lobbyName: 'Old' })
    await world.clock.run(1_000)
    const current = await session.announcement({ lobbyName: 'Current' })
    const short = await foundSession(world.clock, identity()).announcement({
      lobbyName: 'Short',
      lifetimeMs: 1_000,
    })
    evil.feed('north', up(current), up(current), up(old), up(short))
    await world.clock.run(1_000)
    expect((await listed()).toSorted()).toEqual([toHex(current.envelope), toHex(short.envelope)].toSorted())
    await world.clock.run(3_000)
    expect(refused()).toEqual({ 'mesh-duplicate': 1, 'mesh-stale': 1 })
  })

  it('[MSH-4] is forgotten when it falls silent', async () => {
    const real = await foundSession(world.clock, identity()).announcement({ lobbyName: 'Real' })
    evil.feed('north', up(real))
    await world.clock.run(9_000)
    expect(await listed()).toHaveLength(1)
    await world.clock.run(12_000)
    expect(await listed()).toEqual([])
    expect(refused()).toEqual({ 'mesh-silent': 1 })
    expect(north.mesh.stats()).toMatchObject({ services: 0, sessions: 0 })
  })

  it('[MSH-9] with a copy of what is announced is passed over, and where it plays dead costs a try', async () => {
    world.service('south')
    const session = foundSession(world.clock, identity())
    const announcement = await session.announcement()
    await host('south', announcement)
    const refuses = new Party(world, 'refuses')
    refuses.onRoute = (stream) =>
      stream.send(encodeRouteFrame({ type: 'refused', code: 'session-not-found', reason: 'No.' }))
    refuses.feed('north', up(announcement))
    const swallows = evil
    swallows.onRoute = (stream) => stream.send(encodeRouteFrame({ type: 'opened' }))
    swallows.feed('north', up(announcement))
    await world.clock.run(500)
    const tries = []
    for (let count = 0; count < 4; count++) tries.push(await answered(session.sessionId))
    expect(tries.filter(Boolean).length).toBeGreaterThanOrEqual(2)
    expect(tries.slice(0, 2)).toContain(true)
    expect(refuses.routes.length).toBeLessThanOrEqual(1)
  })

  it('[MSH-9] that does not answer at all is passed over in time', async () => {
    world.service('south')
    const session = foundSession(world.clock, identity())
    const announcement = await session.announcement()
    await host('south', announcement)
    evil.feed('north', up(announcement))
    await world.clock.run(500)
    expect(await answered(session.sessionId)).toBe(true)
    expect(await answered(session.sessionId)).toBe(true)
    const since = world.clock.now()
    for (let count = 0; count < 4; count++) expect(await answered(session.sessionId)).toBe(true)
    // Once was enough to learn that.
    expect(evil.routes).toHaveLength(1)
    expect(world.clock.now() - since).toBeLessThan(1_000)
    expect(refused()).toMatchObject({ 'mesh-unreachable': 1 })
  })

  it('[MSH-7] takes no session from its host by repeating its announcement', async () => {
    const session = foundSession(world.clock, identity())
    const announcement = await session.announcement()
    const routes = await host('north', announcement)
    evil.feed('north', up(announcement))
    await world.clock.run(500)
    expect(await answered(session.sessionId)).toBe(true)
    expect([routes.length, evil.routes.length]).toEqual([1, 0])
  })

  it('[MSH-8] can withdraw nothing but what it said itself', async () => {
    world.service('south')
    const session = foundSession(world.clock, identity())
    await host('south', await session.announcement({ lobbyName: 'Still there' }))
    evil.feed(
      'north',
      { type: 'gone', session: session.sessionId },
      { type: 'away', session: session.sessionId },
    )
    await world.clock.run(500)
    expect(await listed()).toHaveLength(1)
    expect(await answered(session.sessionId)).toBe(true)
  })

  it('[MSH-14] that knocks all the time leaves room for the joiners of others', async () => {
    const session = foundSession(world.clock, identity())
    const routes = await host('north', await session.announcement())
    const opened = Array.from({ length: 200 }, (_, count) =>
      evil.open('north', session.sessionId, new Uint8Array(8).fill(count)),
    )
    await world.clock.run(1_000)
    expect(routes).toHaveLength(64)
    const refusals = opened.flatMap(({ frames }) => frames.filter(({ type }) => type === 'refused'))
    expect(refusals).toHaveLength(136)
    expect(refusals[0]).toMatchObject({ code: 'rate-limited' })
    expect(await answered(session.sessionId)).toBe(true)
    for (const { stream } of opened) stream.abort()
    await world.clock.run(100)
    expect(north.mesh.stats()).toMatchObject({ routes: 0, refused: { 'mesh-too-many-routes': 136 } })
  })

  it('[MSH-11] may do over a route nothing but relay', async () => {
    const session = foundSession(world.clock, identity())
    await host('north', await session.announcement())
    const { stream, frames } = evil.open('north', session.sessionId)
    await world.clock.run(50)
    stream.send(encodeRouteFrame({ type: 'open', version: 1, session: session.sessionId, origin: null }))
    await world.clock.run(50)
    expect(frames).toEqual([{ type: 'opened' }])
    expect(await stream.next()).toBeUndefined()
    expect(north.mesh.stats()).toMatchObject({ routes: 0, refused: { 'mesh-malformed': 1 } })
  })

  it('[MSH-14] that floods a route is cut off as a client is, and loses nothing of what goes before', async () => {
    world.kill('north')
    north = world.service('north', { limits: { framesPerSecond: 10, framesBurst: 50 } })
    const session = foundSession(world.clock, identity())
    const [heard, routes] = [[] as Uint8Array[], await host('north', await session.announcement())]
    const { stream } = evil.open('north', session.sessionId)
    await world.clock.run(50)
    routes[0]!.on('message', (message) => heard.push(message))
    for (let count = 0; count < 500; count++)
      stream.send(encodeRouteFrame({ type: 'relay', message: utf8('x') }))
    await world.clock.run(1_000)
    expect(heard.length).toBeGreaterThan(20)
    expect(heard.length).toBeLessThan(100)
    expect(await stream.next()).toBeUndefined()
  })

  it('[MSH-14] holds no more sessions than it may, and none of the room of others', async () => {
    world.kill('north')
    north = world.service('north', { mesh: { sessionsPerService: 5, sessions: 8 }, limits: { sessions: 2 } })
    const many = await Promise.all(
      Array.from({ length: 10 }, () =>
        foundSession(world.clock, identity()).announcement({ lobbyName: 'One of many' }),
      ),
    )
    evil.feed('north', ...many.map(up))
    const other = new Party(world, 'other')
    await world.clock.run(500)
    expect(await listed()).toHaveLength(5)
    other.feed('north', ...many.slice(5).map(up))
    await world.clock.run(500)
    expect(await listed()).toHaveLength(8)
    expect(refused()).toEqual({ 'mesh-too-many-sessions': 7 })
    const own = await foundSession(world.clock, identity()).announcement({ lobbyName: 'Own' })
    await host('north', own)
    expect((await listed())[0]).toBe(toHex(own.envelope))
    world.disconnect('other', 'north')
  })

  it('[MSH-14] leaves half of the public list to what is held here, and equal shares to all others', async () => {
    world.kill('north')
    north = world.service('north', { limits: { listings: 20 } })
    const several = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          foundSession(world.clock, identity()).announcement({ lobbyName: 'x' }),
        ),
      )
    const [own, some, many] = [await several(12), await several(3), await several(100)]
    for (const one of own) await world.clock.complete(world.rendezvous('north').announce(one))
    const other = new Party(world, 'other')
    other.feed('north', ...some.map(up))
    evil.feed('north', ...many.map(up))
    await world.clock.run(1_000)
    const shown = await listed()
    const of = (group: Announcement[]) =>
      group.filter(({ envelope }) => shown.includes(toHex(envelope))).length
    expect([of(own), of(some), of(many)]).toEqual([12, 3, 5])
    expect(shown[0]).toBe(toHex(many.at(-1)!.envelope))
    world.disconnect('other', 'north')
  })

  it('[MSH-14] that sends announcements without end is read at its pace, and no faster', async () => {
    world.kill('north')
    north = world.service('north', { mesh: { announcementsPerSecond: 5, announcementsBurst: 10 } })
    const many = await Promise.all(
      Array.from({ length: 40 }, () =>
        foundSession(world.clock, identity()).announcement({ lobbyName: 'One of many' }),
      ),
    )
    evil.feed('north', ...many.map(up))
    await world.clock.run(1_000)
    expect((await listed()).length).toBeLessThanOrEqual(16)
    await world.clock.run(6_000)
    expect(await listed()).toHaveLength(40)
  })

  it('[MSH-2] of which there are many at one address is let in four times', () => {
    for (let count = 0; count < 6; count++)
      north.mesh.joined({ id: `many-${count}`, limitKey: '203.0.113.7', named: false })
    north.mesh.joined({ id: 'friend', limitKey: '203.0.113.7', named: true })
    expect(north.mesh.stats()).toMatchObject({ services: 6, refused: { 'mesh-too-many-at-address': 2 } })
    for (let count = 0; count < 6; count++) north.mesh.left(`many-${count}`)
    north.mesh.left('friend')
  })
})

describe('a mesh of named services', () => {
  it('[MSH-2] has nothing to do with others', async () => {
    world.kill('north')
    north = world.service('north', { options: { namedOnly: true } })
    evil.feed(
      'north',
      up(await foundSession(world.clock, identity()).announcement({ lobbyName: 'Stranger' })),
    )
    await world.clock.run(100)
    expect(await listed()).toEqual([])
    expect(refused()).toEqual({ 'mesh-not-named': 1 })
  })
})
