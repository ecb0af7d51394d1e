import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../lib/core/index.ts'
import { createIdentity, type Identity } from '../../../lib/identity/index.ts'
import { encodeMessage } from '../../../lib/protocol/index.ts'
import {
  frameLimits,
  encodeClientFrame,
  decodeServiceFrame,
  frameVersion,
} from '../../../lib/rendezvous/frames.ts'
import { lobbyTopic, rendezvousProtocol } from '../../../lib/rendezvous/libp2p/constants.ts'
import type { Libp2pRendezvous } from '../../../lib/rendezvous/libp2p/index.ts'
import { privateKeyOf } from '../../../lib/rendezvous/libp2p/keys.ts'
import { startNode, type ConvoyNode } from '../../../lib/rendezvous/libp2p/node.ts'
import type { Announcement, Route } from '../../../lib/rendezvous/index.ts'
import * as v from 'valibot'
import { foundSession, watch, type TestSession } from '../../compliance/rendezvous.ts'
import { clock, until } from '../../signaling/support.ts'
import { PeerBench } from './support.ts'

const listen = ['/ip4/127.0.0.1/tcp/0/ws']

describe('in front of hostile peers of libp2p', () => {
  const bench = new PeerBench()
  afterEach(() => bench.close())

  /** A peer that follows no rules. */
  async function stranger(identity: Identity = createIdentity()): Promise<ConvoyNode> {
    const node = await startNode({
      privateKey: await privateKeyOf(identity),
      listen: [],
      announce: [],
      isRelay: false,
      isAutoNat: false,
      isDcutr: false,
    })
    bench.keep({ close: async () => node.stop() })
    return node
  }

  async function hosting(
    options: Parameters<PeerBench['peer']>[0] = { listen },
    lobbyName: string | null = null,
  ): Promise<{
    peer: Libp2pRendezvous
    identity: Identity
    session: TestSession
    announcement: Announcement
    routes: Route[]
  }> {
    const identity = createIdentity()
    const peer = bench.peer({ ...options, identity })
    await peer.ready()
    const session = foundSession(clock, identity)
    const announcement = await session.announcement({ lobbyName })
    const routes: Route[] = []
    ;(await peer.announce(announcement)).on('route', (route) => routes.push(route))
    return { peer, identity, session, announcement, routes }
  }

  async function exchange(joiner: Route, routes: Route[]): Promise<void> {
    await until(() => routes.length > 0)
    const seen = watch(routes.at(-1)!)
    joiner.send(utf8('knock'))
    await until(() => seen.texts.length === 1)
    expect(seen.texts).toEqual(['knock'])
  }

  describe('streams', () => {
    /** A raw stream to a desk. */
    async function raw(peer: Libp2pRendezvous): Promise<{ stream: Stream; ended: () => boolean }> {
      const node = await stranger()
      const stream = await node.dialProtocol(multiaddr(peer.hints[0]), rendezvousProtocol)
      let over = false
      stream.addEventListener('close', () => (over = true))
      stream.addEventListener('remoteCloseWrite', () => (over = true))
      return { stream, ended: () => over }
    }
    const prefixed = (frame: Uint8Array): Uint8Array =>
      Uint8Array.of(frame.length >> 8, frame.length & 0xff, ...frame)

    it.each([
      ['an empty frame', Uint8Array.of(0, 0)],
      [
        'a frame that is too long',
        Uint8Array.of((frameLimits.frameBytes + 1) >> 8, (frameLimits.frameBytes + 1) & 0xff),
      ],
      ['text', utf8('GET / HTTP/1.1\r\n\r\n')],
    ])('[P2P-5] ends one that sends %s, and serves the others', async (_name, bytes) => {
      const { peer, session, routes } = await hosting()
      const { stream, ended } = await raw(peer)
      stream.send(bytes)
      await until(ended)
      expect(peer.dropped()['message-malformed']).toBe(1)
      const joiner = bench.peer()
      joiner.follow(peer.hints[0]!)
      await exchange((await joiner.reach(session.sessionId)).route, routes)
    })

    it('[P2P-5] reads frames however they are cut, and refuses what is none', async () => {
      const { peer } = await hosting()
      const { stream } = await raw(peer)
      const received: number[] = []
      stream.addEventListener('message', ({ data }) => received.push(...data.subarray()))
      const frames = [
        ...prefixed(encodeClientFrame({ type: 'hello', version: frameVersion })),
        ...prefixed(Uint8Array.of(0xc1)),
      ]
      for (const byte of frames) stream.send(Uint8Array.of(byte))
      await until(() => {
        const first = ((received[0] ?? 0) << 8) | (received[1] ?? 0)
        return received.length > first + 4
      })
      const length = (received[0]! << 8) | received[1]!
      expect(decodeServiceFrame(Uint8Array.from(received.slice(2, 2 + length)))).toMatchObject({
        type: 'welcome',
        witness: null,
      })
      await until(() => peer.dropped()['message-malformed'] === 1)
    })

    it('[P2P-6] takes no announcement of others’ sessions, and is nobody’s witness', async () => {
      const { peer } = await hosting()
      const { stream } = await raw(peer)
      stream.send(prefixed(encodeClientFrame({ type: 'hello', version: frameVersion })))
      const { envelope } = await foundSession(clock).announcement()
      stream.send(
        prefixed(encodeClientFrame({ type: 'announce', request: 1, envelope, proof: [], resume: null })),
      )
      const config = new Uint8Array(32)
      stream.send(
        prefixed(
          encodeClientFrame({
            type: 'witness',
            request: 2,
            session: new Uint8Array(16),
            config,
            secretHashes: [config],
          }),
        ),
      )
      await until(() => peer.dropped()['not-permitted'] === 2)
    })

    it('[P2P-10] is not kept by a peer that answers with another session, or with what is forged', async () => {
      const { peer, session, routes } = await hosting()
      // A desk that hands out, for whatever is asked, the announcement of something else.
      const other = await foundSession(clock).announcement()
      const forged = await session.announcement()
      forged.envelope[100]! ^= 1
      for (const { envelope } of [other, forged]) {
        const node = await startNode({
          privateKey: await privateKeyOf(createIdentity()),
          listen,
          announce: [],
          isRelay: false,
          isAutoNat: false,
          isDcutr: false,
        })
        bench.keep({ close: async () => node.stop() })
        await node.handle(rendezvousProtocol, (stream) => lieWith(stream, envelope))
        const joiner = bench.peer()
        joiner.follow(node.getMultiaddrs()[0]!.toString())
        await expect(joiner.reach(session.sessionId)).rejects.toMatchObject({
          code: expect.stringMatching(/^(session-not-found|message-unauthentic)$/) as string,
        })
        joiner.follow(peer.hints[0]!)
        await exchange((await joiner.reach(session.sessionId)).route, routes)
      }
    })
  })

  describe('paths', () => {
    /** A way to a peer that does to its bytes what it likes. */
    async function path(to: string, mischief: (bytes: Buffer, count: number) => Buffer[]): Promise<string> {
      const port = Number(/tcp\/(\d+)/.exec(to)![1])
      const sockets = new Set<Socket>()
      const server = createServer((near) => {
        const far = connect(port, '127.0.0.1')
        let count = 0
        for (const socket of [near, far]) sockets.add(socket.on('error', () => socket.destroy()))
        near.on('data', (bytes) => mischief(bytes, count++).forEach((part) => far.write(part)))
        far.on('data', (bytes) => near.write(bytes))
        near.on('close', () => far.destroy())
        far.on('close', () => near.destroy())
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      bench.keep({
        close: () =>
          new Promise((resolve) => {
            for (const socket of sockets) socket.destroy()
            server.close(() => resolve())
          }),
      })
      return to.replace(/tcp\/\d+/, `tcp/${(server.address() as AddressInfo).port}`)
    }

    it.each<[string, (bytes: Buffer, count: number) => Buffer[]]>([
      ['drops', () => []],
      ['replays', (bytes, count) => (count < 4 ? [bytes] : [bytes, bytes])],
      [
        'reorders',
        (bytes, count) =>
          count < 4 || bytes.length < 8 ? [bytes] : [bytes.subarray(8), bytes.subarray(0, 8)],
      ],
      ['alters', (bytes, count) => (count < 4 ? [bytes] : [Buffer.from(bytes.map((byte) => byte ^ 1))])],
    ])('[P2P-2] [P2P-11] goes round one that %s', async (_name, mischief) => {
      const relays = [await bench.relay({ introduces: false }), await bench.relay({ introduces: false })]
      const { peer, session, routes } = await hosting({
        relays: relays.flatMap(({ addresses }) => addresses),
      })
      const joiner = bench.peer()
      joiner.follow(await path(peer.hints[0]!, mischief))
      joiner.follow(peer.hints[1]!)
      await exchange((await joiner.reach(session.sessionId)).route, routes)
    })
  })

  describe('listings', () => {
    const beat = (changes: object): Uint8Array =>
      encodeMessage(
        v.unknown(),
        { type: 'beat', at: Math.floor(clock.wallTime()), open: true, proof: [], ...changes },
        20_000,
      )

    it('[P2P-16] hears no forged, stale, foreign or malformed ones, and no old ones again', async () => {
      const relay = await bench.relay({ introduces: false })
      const reader = bench.peer({ relays: relay.addresses })
      await reader.ready()
      await reader.list()
      const identity = createIdentity()
      const announcement = await foundSession(clock, identity).announcement({ lobbyName: 'Real' })
      const { envelope } = announcement
      const [host, liar] = [await stranger(identity), await stranger()]
      for (const node of [host, liar]) {
        await node.dial(multiaddr(relay.addresses[0]))
        await until(() => node.services.pubsub.getSubscribers(lobbyTopic).length === 1)
      }
      const say = async (node: ConvoyNode, bytes: Uint8Array): Promise<void> => {
        await node.services.pubsub.publish(lobbyTopic, bytes)
      }
      const bad = envelope.slice()
      bad[bad.length - 1]! ^= 1
      await say(liar, beat({ envelope }))
      await say(liar, beat({ envelope: bad }))
      await say(liar, utf8('no message of ours'))
      await say(liar, beat({ envelope, at: Math.floor(clock.wallTime()) - 3_600_000 }))
      await say(host, beat({ envelope: bad }))
      // The relay passes none of it on; what comes after it shows that it came.
      const at = Math.floor(clock.wallTime())
      const other = await foundSession(clock, identity).announcement({ lobbyName: 'Marker' })
      await say(host, beat({ envelope: other.envelope, at }))
      await expect.poll(() => reader.list(), { timeout: 10_000 }).toEqual([other.envelope])
      expect(reader.dropped()).toEqual({})
      // Once it is over, its earlier beats bring it back to nobody.
      await say(host, beat({ envelope: other.envelope, at: at + 1, open: false }))
      await expect.poll(() => reader.list(), { timeout: 10_000 }).toEqual([])
      await say(host, beat({ envelope: other.envelope, at: at - 1 }))
      await say(host, beat({ envelope, at }))
      await expect.poll(() => reader.list(), { timeout: 10_000 }).toEqual([envelope])
    })
  })

  it('[P2P-2] connects to nobody else than the address says', async () => {
    const { peer } = await hosting()
    const other = await stranger()
    const node = await stranger()
    const address = multiaddr(`${peer.hints[0]!.replace(/\/p2p\/.*/, '')}/p2p/${other.peerId.toString()}`)
    await expect(node.dial(address)).rejects.toThrow()
    expect(node.getConnections(peerIdFromString(peer.peerId))).toEqual([])
  })
})

/** Greets, and answers every request with a route and this announcement. */
function lieWith(stream: Stream, envelope: Uint8Array): void {
  const send = (frame: object): void => {
    const bytes = encodeMessage(v.unknown(), frame, 20_000)
    stream.send(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes))
  }
  let request = 0
  stream.addEventListener('message', () => {
    if (request++ === 0) {
      send({
        type: 'welcome',
        version: frameVersion,
        pingMs: 15_000,
        stunPort: null,
        stunHost: null,
        witness: null,
      })
    } else send({ type: 'opened', request: request - 1, route: request, envelope, proof: [] })
  })
}
