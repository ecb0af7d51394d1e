import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../lib/core/index.ts'
import { createIdentity } from '../../../lib/identity/index.ts'
import type { Libp2pRendezvous } from '../../../lib/rendezvous/libp2p/index.ts'
import { peerIdOf } from '../../../lib/rendezvous/libp2p/keys.ts'
import type { HostedSession, Route } from '../../../lib/rendezvous/index.ts'
import { foundSession, foundSuccession, watch, type TestSession } from '../../compliance/rendezvous.ts'
import { clock, until } from '../../signaling/support.ts'
import { PeerBench, timings } from './support.ts'

describe('peers of libp2p', () => {
  const bench = new PeerBench()
  afterEach(() => bench.close())

  /** A host of a fresh session, under the identity that signs for it. */
  async function hosting(
    options: Parameters<PeerBench['peer']>[0] = {},
    lobbyName: string | null = null,
  ): Promise<{ peer: Libp2pRendezvous; session: TestSession; hosted: HostedSession; routes: Route[] }> {
    const identity = options.identity ?? createIdentity()
    const peer = bench.peer({ ...options, identity })
    await peer.ready()
    const session = foundSession(clock, identity)
    const hosted = await peer.announce(await session.announcement({ lobbyName }))
    const routes: Route[] = []
    hosted.on('route', (route) => routes.push(route))
    return { peer, session, hosted, routes }
  }

  const following = (hints: readonly string[], options = {}): Libp2pRendezvous => {
    const peer = bench.peer(options)
    for (const hint of hints) expect(peer.follow(hint)).toBe(true)
    return peer
  }

  async function exchange(joiner: Route, routes: Route[]): Promise<void> {
    await until(() => routes.length > 0)
    const [seen, answered] = [watch(routes[0]!), watch(joiner)]
    joiner.send(utf8('knock'))
    routes[0]!.send(utf8('welcome'))
    await until(() => seen.texts.length + answered.texts.length === 2)
    expect([seen.texts, answered.texts]).toEqual([['knock'], ['welcome']])
  }

  it.each([
    ['WebSockets', '/ip4/127.0.0.1/tcp/0/ws'],
    ['TCP', '/ip4/127.0.0.1/tcp/0'],
  ])('[P2P-1] [P2P-3] meet directly by %s, under the key of their identity', async (_name, listen) => {
    const identity = createIdentity()
    const { peer, session, routes } = await hosting({ identity, listen: [listen] })
    expect(peer.peerId).toBe(peerIdOf(identity.signKey).toString())
    expect(peer.hints).toHaveLength(1)
    expect(peer.hints[0]).toMatch(new RegExp(`/p2p/${peer.peerId}$`))
    const { route } = await following(peer.hints).reach(session.sessionId)
    await exchange(route, routes)
  })

  it('[P2P-8] [P2P-9] meet over a relay that knows nothing of convoys', async () => {
    const relay = await bench.relay({ introduces: false })
    const { peer, session, routes } = await hosting({ relays: relay.addresses })
    expect(peer.hints).toEqual([`${relay.addresses[0]!}/p2p-circuit/p2p/${peer.peerId}`])
    const joiner = following(peer.hints)
    const { route } = await joiner.reach(session.sessionId)
    await exchange(route, routes)
  })

  it('meet over a relay with what asks for reachability and direct connections switched on', async () => {
    const relay = await bench.relay({ introduces: false })
    const options = { autoNat: true, dcutr: true, listen: ['/ip4/127.0.0.1/tcp/0'] }
    const { peer, session, routes } = await hosting({ ...options, relays: relay.addresses })
    const joiner = following(
      peer.hints.filter((hint) => hint.includes('/p2p-circuit/')),
      options,
    )
    const { route } = await joiner.reach(session.sessionId)
    await exchange(route, routes)
  })

  it('[P2P-7] end a route at both ends where the relay carries no more', async () => {
    const relay = await bench.relay({ introduces: false, relayedBytes: 64 * 1_024 })
    const { peer, session, routes } = await hosting({ relays: relay.addresses })
    const joiner = following(peer.hints)
    const { route } = await joiner.reach(session.sessionId)
    await until(() => routes.length === 1)
    const [seen, answered] = [watch(routes[0]!), watch(route)]
    expect(() => {
      for (let index = 0; index < 8; index++) route.send(new Uint8Array(12_000).fill(65))
    }).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    await until(() => seen.closed + answered.closed === 2)
    expect(seen.texts.length).toBeLessThan(6)
    // The next connection has an allowance of its own.
    routes.length = 0
    await exchange((await joiner.reach(session.sessionId)).route, routes)
  })

  it('[P2P-12] find a host by the hash table where no known relay leads to it', async () => {
    const first = await bench.relay({ introduces: false })
    const second = await bench.relay({ introduces: false, peers: first.addresses })
    await until(() => second.stats().connections === 1)
    const { session, routes } = await hosting({ relays: first.addresses })
    const joiner = bench.peer({ relays: second.addresses })
    await expect
      .poll(() => joiner.reach(session.sessionId).then(({ route }) => exchange(route, routes)), {
        timeout: 10_000,
      })
      .toBeUndefined()
  })

  it('[P2P-14] hear of public sessions, and of no others, and that they are over', async () => {
    const relay = await bench.relay({ introduces: false })
    const { session, hosted } = await hosting({ relays: relay.addresses }, 'Come along')
    await hosting({ relays: relay.addresses })
    const reader = bench.peer({ relays: relay.addresses })
    await reader.ready()
    await expect.poll(() => reader.list().then((list) => list.length), { timeout: 10_000 }).toBe(1)
    const newer = await session.announcement({ lobbyName: 'Still there' })
    await hosted.update(newer)
    await expect.poll(() => reader.list(), { timeout: 10_000 }).toEqual([newer.envelope])
    await hosted.close()
    await expect.poll(() => reader.list(), { timeout: 10_000 }).toEqual([])
  })

  it('[P2P-10] take the host’s own answer before that of a peer that only repeats its announcement', async () => {
    const { peer, session, routes } = await hosting({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const liar = bench.peer({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    await liar.ready()
    const lie = await liar.announce(await session.announcement())
    let deceived = 0
    lie.on('route', () => deceived++)
    const joiner = following([...liar.hints, ...peer.hints])
    const { route } = await joiner.reach(session.sessionId)
    await exchange(route, routes)
    // It may have been asked as well, and let go again.
    expect(deceived).toBeLessThanOrEqual(1)
  })

  it('[P2P-11] go on to the next address where one is dead, foreign or without the session', async () => {
    const dead = bench.peer({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const empty = bench.peer({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    await Promise.all([dead.ready(), empty.ready()])
    const [address] = dead.hints as [string]
    await dead.close()
    const { peer, session, routes } = await hosting({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    // Who answers at the host's address under another name is refused by noise.
    const foreign = `${peer.hints[0]!.replace(/\/p2p\/.*/, '')}/p2p/${empty.peerId}`
    const joiner = following([address, foreign, ...empty.hints, ...peer.hints])
    const { route } = await joiner.reach(session.sessionId)
    await exchange(route, routes)
  })

  it('say what is missing where no peer is known, or none answers', async () => {
    const lonely = bench.peer()
    await expect(lonely.reach(new Uint8Array(16))).rejects.toMatchObject({
      code: 'rendezvous-unreachable',
      message: expect.stringContaining('name a relay') as string,
    })
    const dead = bench.peer({ relays: [`/ip4/127.0.0.1/tcp/9/ws/p2p/${lonely.peerId}`] })
    await expect(dead.list()).rejects.toMatchObject({ code: 'rendezvous-unreachable' })
    const session = foundSession(clock)
    await expect(lonely.announce(await session.announcement())).rejects.toMatchObject({
      code: 'rendezvous-unreachable',
      message: expect.stringContaining('listen to an address, or name relays') as string,
    })
  })

  it('[P2P-8] take the next relay where one has no room, and say so where there is none', async () => {
    const full = await bench.relay({ introduces: false, reservations: 1 })
    await hosting({ relays: full.addresses })
    const session = foundSession(clock)
    const refused = bench.peer({ relays: full.addresses })
    await expect(refused.announce(await session.announcement())).rejects.toMatchObject({
      code: 'rate-limited',
      message: expect.stringContaining('no room for another reservation') as string,
    })
    const other = await bench.relay({ introduces: false })
    const second = await hosting({ relays: [...full.addresses, ...other.addresses] })
    expect(second.peer.hints).toEqual([`${other.addresses[0]!}/p2p-circuit/p2p/${second.peer.peerId}`])
    const { route } = await following(second.peer.hints).reach(second.session.sessionId)
    await exchange(route, second.routes)
  })

  it('[P2P-13] find a later host at the former one, and at the relay of the former one once that is gone', async () => {
    const relay = await bench.relay()
    const elected = foundSuccession(clock, () => createIdentity())
    await elected.found()
    const [founder, later] = elected.hosts
    const former = bench.peer({ identity: founder, relays: relay.addresses })
    const hosted = await former.announce(await elected.announcement(founder))
    const [hint] = former.hints as [string]
    const causes: unknown[] = []
    hosted.on('lost', ({ cause }) => causes.push(cause))
    const { record, hosts } = elected
    await record.elected(later, [hosts[1], hosts[2]])
    // A member: it knows what its invite says.
    const successor = following([hint], { identity: later })
    const announcement = await elected.announcement(later)
    const routes: Route[] = []
    ;(await successor.announce(announcement)).on('route', (route) => routes.push(route))
    await until(() => causes.length === 1)
    expect(causes).toMatchObject([{ code: 'not-permitted' }])
    for (const goes of [false, true]) {
      if (goes) await former.close()
      routes.length = 0
      const { envelope, route } = await following([hint]).reach(record.sessionId)
      expect(envelope).toEqual(announcement.envelope)
      await exchange(route, routes)
    }
  })

  it('[P2P-8] come back to a relay by themselves after the network changed', async () => {
    const relay = await bench.relay({ introduces: false })
    const { peer, session, hosted, routes } = await hosting({ relays: relay.addresses })
    const events: string[] = []
    hosted.on('lost', () => events.push('lost'))
    hosted.on('restored', () => events.push('restored'))
    peer.reconnect()
    await until(() => events.includes('restored'))
    expect(events).toEqual(['lost', 'restored'])
    const joiner = following(peer.hints)
    // The relay may still have to notice that the former connection is dead.
    await expect
      .poll(() => joiner.reach(session.sessionId).then(({ route }) => exchange(route, routes)), {
        timeout: 10_000,
      })
      .toBeUndefined()
  })

  it('refuse what is no address of a peer', () => {
    const peer = bench.peer()
    for (const hint of [
      'ws://127.0.0.1:1',
      '/ip4/127.0.0.1/tcp/1/ws',
      '/p2p-circuit',
      '/ip4/300.1.1.1/tcp/1/p2p/x',
    ])
      expect(peer.follow(hint)).toBe(false)
    expect(() => bench.peer({ relays: ['/ip4/127.0.0.1/tcp/1/ws'] })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }) as Error,
    )
    expect(timings.backOffMs).toHaveLength(1)
  })
})
