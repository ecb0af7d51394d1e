import { multiaddr } from '@multiformats/multiaddr'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { sleep, systemRandom, utf8 } from '../../../lib/core/index.ts'
import { decodeServiceFrame, encodeClientFrame, frameVersion } from '../../../lib/rendezvous/index.ts'
import { encodeFeedFrame } from '../../../signaling/mesh/frames.ts'
import { lobbyTopic, meshTopic, streamProtocols } from '../../../signaling/mesh/libp2p/constants.ts'
import { foundSession } from '../../compliance/rendezvous.ts'
import { clock, until } from '../support.ts'
import { framed, openStream, startPeer, type BarePeer } from './peer.ts'
import { addressOf, MeshBench, others, remote, talk } from './support.ts'

const bench = new MeshBench()
const peers: BarePeer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map(async (peer) => peer.stop()))
  await bench.close()
})

async function peer(listen: readonly string[] = []): Promise<BarePeer> {
  const one = await startPeer(listen)
  peers.push(one)
  return one
}

/** Opens a WebSocket by hand and sends what no program would. @returns what came until the other side hung up. */
function sayToWebSocket(port: number, bytes: Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
    socket.on('data', (data) => {
      if (heard === '') socket.write(bytes)
      heard += data.toString('latin1')
    })
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
  })
}

const refused = (service: Awaited<ReturnType<typeof bench.service>>) => service.stats().mesh!.refused

describe('a libp2p peer that is no service', () => {
  it('[MSH-14] is cut off after what is no frame, and what it opens without end is refused', async () => {
    const service = await bench.service()
    const hostile = await peer()
    const junk = await openStream(hostile, service, streamProtocols.feed)
    junk.send(Uint8Array.of(0xff, 0xff, 1, 2, 3))
    await until(() => junk.status !== 'open')
    const feed = await openStream(hostile, service, streamProtocols.feed)
    feed.send(framed(encodeFeedFrame({ type: 'feed', version: 1 })))
    // In pieces, as networks have it.
    const frame = framed(encodeFeedFrame({ type: 'synced' }))
    for (const byte of frame) feed.send(Uint8Array.of(byte))
    for (let count = 0; count < 30; count++) feed.send(framed(utf8('junk')))
    await until(() => (refused(service)['mesh-shunned'] ?? 0) === 1)
    await until(() => hostile.getConnections().length === 0)
    await expect(openStream(hostile, service, streamProtocols.feed)).rejects.toThrow()
    expect(others(service)).toBe(0)
  })

  it('[MSH-14] does not end the service by a WebSocket frame that is none (regression: libp2p listens to no error of what it accepts)', async () => {
    const service = await bench.service({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const port = Number(/\/tcp\/(\d+)/.exec(addressOf(service)[0]!)?.[1])
    const answer = await sayToWebSocket(port, Uint8Array.of(0xff, 0xff, 0xff, 0xff))
    expect(answer).toMatch(/^HTTP\/1.1 101 /)
    const honest = await peer()
    await honest.dial(multiaddr(addressOf(service)[0]))
    expect(service.state).toBe('ready')
  })

  it('[MSH-2] is heard by nobody on the topics of the mesh unless it says what belongs there', async () => {
    const service = await bench.service()
    const other = await bench.service({ peers: addressOf(service) })
    await until(() => others(other) === 1)
    const hostile = await peer()
    await hostile.dial(multiaddr(addressOf(service)[0]))
    const { pubsub } = hostile.services
    await until(() => pubsub.getSubscribers(meshTopic).length === 1)
    for (let count = 0; count < 20; count++) await pubsub.publish(meshTopic, utf8(`junk ${count}`))
    await until(() => (refused(service)['mesh-greeting-malformed'] ?? 0) > 0)
    // It came no further.
    await sleep(clock, 100)
    expect(refused(other)['mesh-greeting-malformed']).toBeUndefined()
    expect(others(other)).toBe(1)
  })

  it('[MSH-17] speaks the frames of a client over a stream, and is found from another service', async () => {
    const service = await bench.service()
    const other = await bench.service({ peers: addressOf(service) })
    const host = await peer()
    const stream = await openStream(host, service, `/openconvoy/rendezvous/${frameVersion}`)
    const types: string[] = []
    stream.addEventListener('message', ({ data }) => {
      let rest = data.subarray()
      while (rest.length > 2) {
        const length = (rest[0]! << 8) | rest[1]!
        types.push(decodeServiceFrame(rest.subarray(2, 2 + length)).type)
        rest = rest.subarray(2 + length)
      }
    })
    stream.send(framed(encodeClientFrame({ type: 'hello', version: frameVersion })))
    const { envelope } = await foundSession(clock).announcement({ lobbyName: 'By libp2p' })
    const announce = { type: 'announce' as const, request: 1, envelope, proof: [], resume: null }
    stream.send(framed(encodeClientFrame(announce)))
    await until(() => types.includes('announced'))
    expect(types).toEqual(['welcome', 'announced'])
    await until(() => remote(other) === 1)
    expect(await bench.at(other.url).list()).toHaveLength(1)
  })

  it('[MSH-17] hears over a service what another says of its public session', async () => {
    const service = await bench.service()
    const [one, other] = [await peer(), await peer()]
    const heard: Uint8Array[] = []
    other.services.pubsub.addEventListener('message', ({ detail }) => heard.push(detail.data))
    for (const some of [one, other]) {
      some.services.pubsub.subscribe(lobbyTopic)
      await some.dial(multiaddr(addressOf(service)[0]))
    }
    await until(() => one.services.pubsub.getSubscribers(lobbyTopic).length > 0)
    // Until gossipsub has made its mesh, it may reach nobody.
    while (heard.length === 0) {
      await one.services.pubsub.publish(lobbyTopic, systemRandom.bytes(100))
      await sleep(clock, 100)
    }
    expect(heard[0]).toHaveLength(100)
  })

  it('[MSH-18] reserves a place on the relay until there is none, and is refused clearly then', async () => {
    const service = await bench.service({ limits: { reservations: 2 } })
    const [relay] = addressOf(service)
    for (let count = 0; count < 2; count++) {
      const one = await peer([`${relay}/p2p-circuit`])
      await until(() => one.getMultiaddrs().length > 0)
    }
    expect(service.stats().mesh).toMatchObject({ reservations: 2 })
    const [reached] = peers
    const caller = await peer()
    const connection = await caller.dial(multiaddr(`${relay}/p2p-circuit/p2p/${reached!.peerId.toString()}`))
    expect(connection.limits?.bytes).toBeGreaterThan(1_000_000)
    const late = startPeer([`${relay}/p2p-circuit`])
    await expect(late).rejects.toThrow(/RESERVATION_REFUSED/)
    expect(refused(service)['relay-full']).toBeGreaterThan(0)
    expect(service.stats().mesh).toMatchObject({ reservations: 2 })
  })

  it('[MSH-18] has no more connections than its address may', async () => {
    const service = await bench.service({ limitLoopback: true }, { limits: { connectionsPerAddress: 3 } })
    const dials = []
    for (let count = 0; count < 5; count++) {
      const one = await peer()
      dials.push(
        await one.dial(multiaddr(addressOf(service)[0])).then(
          () => true,
          () => false,
        ),
      )
    }
    expect(dials).toEqual([true, true, true, false, false])
    expect(refused(service)['libp2p-too-many-connections']).toBe(2)
  })
})

describe('a client of a mesh', () => {
  it('[MSH-10] gets large messages through, in order, whatever the pace', async () => {
    const one = await bench.service()
    const other = await bench.service({ peers: addressOf(one) })
    const { sessionId, routes } = await bench.host(one.url)
    await until(() => remote(other) === 1)
    const { route } = await bench.at(other.url).reach(sessionId)
    await until(() => routes.length === 1)
    const sizes: number[] = []
    routes[0]!.on('message', (message) => sizes.push(message.length))
    const sent = Array.from({ length: 100 }, (_, count) => 16_384 - count)
    for (const size of sent) route.send(new Uint8Array(size))
    await until(() => sizes.length === sent.length)
    expect(sizes).toEqual(sent)
    expect(await talk(bench.at(other.url), sessionId)).toBe('echo hello')
  })
})
