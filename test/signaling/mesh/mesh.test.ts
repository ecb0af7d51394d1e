import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, isConvoyError, seededRandom, toHex, utf8 } from '../../../lib/core/index.ts'
import type { Announcement, Rendezvous, Route } from '../../../lib/rendezvous/index.ts'
import { simulatedIdentity } from '../../../lib/testing/index.ts'
import { foundSession, foundSuccession, watch } from '../../compliance/rendezvous.ts'
import { SimulatedMesh } from './simulatedMesh.ts'

let world: SimulatedMesh
let seed = 0
const identity = () => simulatedIdentity(seededRandom(++seed))

beforeEach(() => {
  world = new SimulatedMesh()
  for (const id of ['north', 'south', 'west']) world.service(id)
})
afterEach(async () => {
  await world.close()
  expect(world.clock.pendingTimers).toBe(0)
})

/** Announces; its host answers whatever it hears. */
async function host(at: Rendezvous, announcement: Announcement) {
  const hosted = await world.clock.complete(at.announce(announcement))
  const events: string[] = []
  const routes: Route[] = []
  for (const name of ['lost', 'restored', 'stale'] as const) hosted.on(name, () => void events.push(name))
  hosted.on('route', (route) => {
    routes.push(route)
    route.on('message', (message) => route.send(utf8(`echo ${fromUtf8(message)}`)))
  })
  await world.clock.run(50)
  return { hosted, routes, events }
}

async function join(at: Rendezvous, sessionId: Uint8Array, text = 'hello') {
  const reached = await world.clock.complete(at.reach(sessionId))
  const seen = watch(reached.route)
  reached.route.send(utf8(text))
  await world.clock.run(100)
  return { ...reached, seen }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await world.clock.complete(work)
    return 'none'
  } catch (error) {
    return isConvoyError(error) ? error.code : String(error)
  }
}

const lists = async (ids: readonly string[]): Promise<string[][]> => {
  const all = await world.clock.complete(Promise.all(ids.map((id) => world.rendezvous(id).list())))
  return all.map((envelopes) => envelopes.map(toHex))
}

describe('a mesh', () => {
  it('[MSH-1] merges the public lists, newest first, and lists nobody twice', async () => {
    const announcements: string[] = []
    for (const id of ['north', 'south', 'west']) {
      const announcement = await foundSession(world.clock, identity()).announcement({ lobbyName: id })
      await host(world.rendezvous(id), announcement)
      announcements.unshift(toHex(announcement.envelope))
    }
    expect(await lists(['north', 'south', 'west'])).toEqual([announcements, announcements, announcements])
  })

  it('[MSH-12] shows a host which joiners have one address, and tells services nothing of it', async () => {
    const session = foundSession(world.clock, identity())
    const { routes } = await host(world.rendezvous('north'), await session.announcement())
    for (const address of ['here', 'there', 'here'])
      await join(world.rendezvous('south', address), session.sessionId)
    const [one, other, again] = routes.map(({ origin }) => toHex(origin!))
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  it('[MSH-8] withdraws everywhere; routes that are open stay', async () => {
    const session = foundSession(world.clock, identity())
    const { hosted } = await host(
      world.rendezvous('north'),
      await session.announcement({ lobbyName: 'Soon over' }),
    )
    const { route, seen } = await join(world.rendezvous('south'), session.sessionId)
    await world.clock.complete(hosted.close())
    await world.clock.run(50)
    expect(await lists(['south', 'west'])).toEqual([[], []])
    expect(await codeOf(world.rendezvous('south').reach(session.sessionId))).toBe('session-not-found')
    route.send(utf8('still here'))
    await world.clock.run(100)
    expect(seen.texts).toEqual(['echo hello', 'echo still here'])
    expect(world.services.get('south')!.mesh.stats().sessions).toBe(0)
  })

  it('[MSH-9] waits for a host whose service died, and finds it at the one that it comes to', async () => {
    const session = foundSession(world.clock, identity())
    const at = world.rendezvous(() => (world.services.has('north') ? 'north' : 'west'))
    const { events } = await host(at, await session.announcement({ lobbyName: 'Moving' }))
    const { seen } = await join(world.rendezvous('south'), session.sessionId)
    world.kill('north')
    await world.clock.run(20)
    expect(await lists(['south'])).toEqual([[]])
    expect(seen.closed).toBe(1)
    // The host has yet to notice and to come back: that takes it about a second.
    const again = await join(world.rendezvous('south'), session.sessionId)
    expect(again.seen.texts).toEqual(['echo hello'])
    expect(events).toEqual(['lost', 'restored'])
    expect((await lists(['south', 'west'])).map(({ length }) => length)).toEqual([1, 1])
  })

  it('[MSH-9] forgets the sessions of a service that died when their hosts come to none', async () => {
    const session = foundSession(world.clock, identity())
    await host(world.rendezvous('north'), await session.announcement())
    world.kill('north')
    const asked = world.clock.now()
    expect(await codeOf(world.rendezvous('south').reach(session.sessionId))).toBe('session-not-found')
    expect(world.clock.now() - asked).toBeLessThan(10_000)
    await world.clock.run(20_000)
    expect(world.services.get('south')!.mesh.stats()).toMatchObject({ services: 1, sessions: 0 })
  })

  it('[MSH-9] takes up a service again that restarts, with the same key or another', async () => {
    const session = foundSession(world.clock, identity())
    let home = 'north'
    await host(
      world.rendezvous(() => home),
      await session.announcement({ lobbyName: 'Patient' }),
    )
    world.kill('north')
    await world.clock.run(500)
    world.service('north')
    await world.clock.run(5_000)
    expect((await join(world.rendezvous('south'), session.sessionId)).seen.texts).toEqual(['echo hello'])
    home = 'north by another name'
    world.kill('north')
    await world.clock.run(500)
    world.service(home)
    await world.clock.run(5_000)
    expect((await join(world.rendezvous('south'), session.sessionId)).seen.texts).toEqual(['echo hello'])
    expect((await lists(['south', 'west'])).map(({ length }) => length)).toEqual([1, 1])
  })

  it('[MSH-7] lets a later host, at whatever service, take the place of the former', async () => {
    const { record, hosts, found, announcement } = foundSuccession(world.clock, identity)
    await found()
    const [founder, second, third] = hosts
    const former = await host(world.rendezvous('north'), await announcement(founder))
    await record.elected(second, [second, third])
    const later = await host(world.rendezvous('south'), await announcement(second))
    const { envelope, proof, seen } = await join(world.rendezvous('west'), record.founding.sessionId)
    expect(seen.texts).toEqual(['echo hello'])
    expect(later.routes).toHaveLength(1)
    expect(former.events).toEqual(['lost'])
    expect({ envelope, proof }).toMatchObject(
      await announcement(second).then(({ proof: p }) => ({ proof: p })),
    )
  })

  it('[MSH-1] has who asks a service that has just appeared wait until it was told', async () => {
    const session = foundSession(world.clock, identity())
    await host(world.rendezvous('north'), await session.announcement())
    world.service('new')
    const { seen } = await join(world.rendezvous('new'), session.sessionId)
    expect(seen.texts).toEqual(['echo hello'])
    const asked = world.clock.now()
    const unknown = world.rendezvous('new').reach(new Uint8Array(16))
    expect(await codeOf(unknown)).toBe('session-not-found')
    expect(world.clock.now() - asked).toBeLessThan(500)
    const alone = new SimulatedMesh()
    const one = alone.service('alone', { options: { hasPeers: true } })
    await expect(
      alone.clock.complete(alone.rendezvous('alone').reach(new Uint8Array(16))),
    ).rejects.toMatchObject({
      code: 'session-not-found',
    })
    expect(alone.clock.now()).toBeGreaterThan(2_900)
    expect(one.switchboard.stats().refused).toEqual({ 'session-not-found': 1 })
    await alone.close()
    expect(alone.clock.pendingTimers).toBe(0)
  })

  it('[MSH-13] grows together again after it was cut in two, each part with hosts of its own', async () => {
    const [one, other] = [foundSession(world.clock, identity()), foundSession(world.clock, identity())]
    await host(world.rendezvous('north'), await one.announcement({ lobbyName: 'One' }))
    world.partition(['north'], ['south', 'west'])
    await host(world.rendezvous('south'), await other.announcement({ lobbyName: 'Other' }))
    await world.clock.run(30_000)
    expect((await lists(['north', 'west'])).map(({ length }) => length)).toEqual([1, 1])
    expect(await codeOf(world.rendezvous('west').reach(one.sessionId))).toBe('session-not-found')
    world.heal()
    await world.clock.run(1_000)
    expect((await lists(['north', 'south', 'west'])).map(({ length }) => length)).toEqual([2, 2, 2])
    expect((await join(world.rendezvous('west'), one.sessionId)).seen.texts).toEqual(['echo hello'])
  })

  it('[MSH-13] goes by the newer of two announcements that were made apart', async () => {
    const session = foundSession(world.clock, identity())
    const former = await host(world.rendezvous('north'), await session.announcement({ lobbyName: 'Former' }))
    world.partition(['north'], ['south', 'west'])
    await world.clock.run(1_000)
    const newer = await host(world.rendezvous('south'), await session.announcement({ lobbyName: 'Newer' }))
    world.heal()
    // It may be one host that has yet to bring the newer one to both.
    await world.clock.run(15_000)
    await join(world.rendezvous('north'), session.sessionId)
    expect([former.routes.length, newer.routes.length]).toEqual([0, 1])
    expect(former.events).toEqual(['lost'])
  })

  it('[MSH-9] lets a host whose connection broke come to another service with what it announced before', async () => {
    const session = foundSession(world.clock, identity())
    let home = 'north'
    const at = world.rendezvous(() => home)
    const { events } = await host(at, await session.announcement())
    home = 'south'
    at.reconnect?.()
    await world.clock.run(1_000)
    expect(events).toEqual(['lost', 'restored'])
    expect((await join(world.rendezvous('north'), session.sessionId)).seen.texts).toEqual(['echo hello'])
    expect((await join(world.rendezvous('west'), session.sessionId)).seen.texts).toEqual(['echo hello'])
  })

  it('[MSH-7] takes a host at several services at once, and each goes on when another dies', async () => {
    const session = foundSession(world.clock, identity())
    const first = await session.announcement({ lobbyName: 'Everywhere' })
    const [one, other] = [world.rendezvous('north'), world.rendezvous('south')]
    const hosts = [await host(one, first)]
    // The slower one has heard of it already: a newer one helps, and the quicker one is given time to get it too.
    expect(await codeOf(other.announce(first))).toBe('message-replayed')
    const second = await session.announcement({ lobbyName: 'Everywhere' })
    hosts.push(await host(other, second))
    await world.clock.run(2_000)
    await world.clock.complete(hosts[0]!.hosted.update(second))
    for (let count = 0; count < 4; count++) {
      await world.clock.run(20_000)
      const renewed = await session.announcement({ lobbyName: 'Everywhere' })
      const order = count % 2 === 0 ? hosts : hosts.toReversed()
      for (const { hosted } of order) {
        await world.clock.complete(hosted.update(renewed))
        await world.clock.run(500)
      }
    }
    expect(hosts.map(({ events }) => events)).toEqual([[], []])
    expect((await lists(['north', 'south', 'west'])).map(({ length }) => length)).toEqual([1, 1, 1])
    world.kill('south')
    await world.clock.run(100)
    expect((await join(world.rendezvous('west'), session.sessionId)).seen.texts).toEqual(['echo hello'])
  })

  it('[MSH-5] tells a slow service the latest of a session only', async () => {
    const session = foundSession(world.clock, identity())
    const { hosted } = await host(world.rendezvous('north'), await session.announcement({ lobbyName: '0' }))
    for (let count = 1; count < 100; count++) {
      void hosted.update(await session.announcement({ lobbyName: String(count) }))
      await world.clock.run(1)
    }
    await world.clock.run(1_000)
    const [[listed]] = (await lists(['south'])) as [[string]]
    expect(listed).toBe((await lists(['north']))[0]![0])
  })

  it('[MSH-15] counts what it holds apart from what others do', async () => {
    const session = foundSession(world.clock, identity())
    await host(world.rendezvous('north'), await session.announcement())
    const [north, south] = ['north', 'south'].map((id) => world.services.get(id)!)
    expect(north!.switchboard.stats()).toMatchObject({ sessions: 1, clients: 1 })
    expect(south!.switchboard.stats()).toMatchObject({ sessions: 0, clients: 0 })
    expect(south!.mesh.stats()).toMatchObject({ services: 2, sessions: 1, routes: 0 })
    const { route } = await join(world.rendezvous('south'), session.sessionId)
    expect(north!.mesh.stats().routes).toBe(1)
    route.close()
    await world.clock.run(100)
    expect([north, south].map((service) => service!.switchboard.stats().routes)).toEqual([0, 0])
    expect(north!.mesh.stats().routes).toBe(0)
  })
})
