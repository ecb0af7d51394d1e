// What engines do that the design relies on, and that lib/rtc/engines mends. A test that fails here after an update tells
// that a mend can go, or that it no longer takes hold. What simple-peer does is in simplePeerFacts.test.ts.
import * as datachannel from 'node-datachannel/polyfill'
import { afterEach, describe, expect, it } from 'vitest'
import * as werift from 'werift'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { pathMtuBytes } from '../../lib/rtc/constants.ts'
import { createConnector, loadEngine } from '../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../lib/testing/udpRelay.ts'
import { signalWay } from '../compliance/signalWay.ts'
import { establishSide, until } from '../hostile/support/linkPair.ts'
import { tooLargeFor } from './support/bareDatachannel.ts'
import { connectedWerift } from './support/bareWerift.ts'

const clock = createSystemClock()
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)
const closing: { close(): unknown }[] = []
const open = <Connection extends { close(): unknown }>(connection: Connection): Connection => {
  closing.push(connection)
  return connection
}

afterEach(async () => {
  for (const connection of closing.splice(0)) await connection.close()
})

/** A connection of the engine as links use it. */
async function mended(name: 'datachannel' | 'werift', configuration: RTCConfiguration = {}) {
  const { wrtc } = await loadEngine(name)
  return open(new wrtc.RTCPeerConnection(configuration) as unknown as RTCPeerConnection)
}

interface Chunk {
  expiry?: number
  maxRetransmits?: number
  sentCount: number
  flags: number
  type: number
  abandoned: boolean
}

/** A chunk that was sent, a whole message unless its flags say otherwise. */
function sentChunk(fields: Partial<Chunk>): Chunk {
  return { sentCount: 1, flags: 3, type: 0, abandoned: false, ...fields }
}

/** The SCTP association of a connection, inside and out. */
function association(connection: werift.RTCPeerConnection): Record<string, unknown> {
  return connection.sctp?.sctp as unknown as Record<string, unknown>
}

/** Which chunks of `queue` are given up when `lost` is. */
function abandoned(connection: werift.RTCPeerConnection, lost: Chunk, queue: Chunk[]): Chunk[] {
  const association = connection.sctp?.sctp as unknown as {
    sentQueue: Chunk[]
    maybeAbandon(chunk: Chunk): boolean
  }
  association.sentQueue = queue
  association.maybeAbandon(lost)
  association.sentQueue = []
  return queue.filter((chunk) => chunk.abandoned)
}

describe('werift', () => {
  it('keeps a channel with maxRetransmits 0 reliable, and abandons a wrong chunk with more; ours does neither', async () => {
    const bare = open(new werift.RTCPeerConnection())
    bare.createDataChannel('x')
    const first = sentChunk({})
    const lost = sentChunk({ maxRetransmits: 0, sentCount: 1 })
    const retried = sentChunk({ maxRetransmits: 1, sentCount: 2 })
    expect(abandoned(bare, lost, [first, lost])).toEqual([])
    expect(abandoned(bare, retried, [first, retried])).toEqual([first])

    const connection = (await mended('werift')) as unknown as werift.RTCPeerConnection
    connection.createDataChannel('x')
    const again = sentChunk({})
    const whole = sentChunk({ maxRetransmits: 0, sentCount: 1 })
    expect(abandoned(connection, whole, [again, whole])).toEqual([whole])
    const parts = [2, 0, 1].map((flags) => sentChunk({ maxRetransmits: 0, sentCount: 1, flags }))
    expect(abandoned(connection, parts[1] ?? again, [again, ...parts, again])).toEqual(parts)
    expect(abandoned(connection, again, [again])).toEqual([])
  })

  it('hands out descriptions whose sdp can not be assigned; ours can', async () => {
    const bare = open(new werift.RTCPeerConnection())
    bare.createDataChannel('x')
    const description = await bare.createOffer()
    expect(description).toBeInstanceOf(werift.RTCSessionDescription)
    const connection = await mended('werift')
    connection.createDataChannel('x')
    expect(Object.keys(await connection.createOffer()).sort()).toEqual(['sdp', 'type'])
  })

  it('declares a parameter of getStats, which simple-peer takes for the callback form; ours none', async () => {
    expect(werift.RTCPeerConnection.prototype.getStats.length).toBe(1)
    expect((await mended('werift')).getStats.length).toBe(0)
  })

  it('never lets a message expire, whatever maxPacketLifeTime says', () => {
    const bare = open(new werift.RTCPeerConnection())
    bare.createDataChannel('x')
    // As werift sets it: milliseconds of today where it compares with seconds.
    const old = sentChunk({ expiry: Date.now() - 60_000 })
    expect(abandoned(bare, old, [old])).toEqual([])
  })

  it('waits three seconds before it first repeats what SCTP sends; ours one', async () => {
    const bare = open(new werift.RTCPeerConnection())
    const connection = (await mended('werift')) as unknown as werift.RTCPeerConnection
    for (const each of [bare, connection]) each.createDataChannel('x')
    expect([association(bare).rto, association(connection).rto]).toEqual([3, 1])
  })

  it('reckons with packets of 1,280 bytes, and can be told otherwise; ours with what the smallest path takes', async () => {
    const bare = open(new werift.RTCPeerConnection())
    const connection = (await mended('werift')) as unknown as werift.RTCPeerConnection
    for (const each of [bare, connection]) each.createDataChannel('x')
    // IPv6, UDP, TURN, DTLS.
    const below = 40 + 8 + 4 + 37
    expect([association(bare).mtu, association(connection).mtu]).toEqual([
      1_280 - below,
      pathMtuBytes - below,
    ])
  })

  it('has the methods that the guards of links replace', () => {
    const bare = open(new werift.RTCPeerConnection())
    bare.createDataChannel('x')
    const names = [
      'maybeAbandon',
      'updateAdvancedPeerAckPoint',
      'receiveDataChunk',
      'getInboundStream',
      'receive',
    ]
    for (const name of names) expect(association(bare)[name], name).toBeTypeOf('function')
    expect(association(bare)).toMatchObject({ sentQueue: [], advertisedRwnd: 1_048_576 })
    expect(association(bare).lastSackedTsn).toBeTypeOf('number')
  })

  it('asks a public STUN server where none is given; ours none, and the one it is given', async () => {
    const serverOf = (connection: werift.RTCPeerConnection): unknown => {
      connection.createDataChannel('x')
      return connection.sctp?.transport.iceTransport.connection.stunServer
    }
    const servers = ['stun:192.0.2.7:3478', 'turn:192.0.2.8:3478'].map((urls) => ({
      urls,
      username: 'a',
      credential: 'b',
    }))
    expect(serverOf(open(new werift.RTCPeerConnection({ iceServers: [] })))).toEqual([
      'stun.l.google.com',
      19_302,
    ])
    const ours = async (iceServers: RTCIceServer[]): Promise<unknown> =>
      serverOf((await mended('werift', { iceServers })) as unknown as werift.RTCPeerConnection)
    expect(await ours([])).toBe(undefined)
    expect(await ours(servers.slice(1))).toBe(undefined)
    expect(await ours(servers)).toEqual(['192.0.2.7', 3_478])
  })

  it('takes a description whose fingerprint is nonsense', async () => {
    const offering = open(new werift.RTCPeerConnection())
    offering.createDataChannel('x')
    const { sdp } = await offering.createOffer()
    const answering = open(new werift.RTCPeerConnection())
    const nonsense = sdp.replace(/a=fingerprint:.*/g, 'a=fingerprint:sha-256 nonsense')
    await expect(answering.setRemoteDescription({ type: 'offer', sdp: nonsense })).resolves.not.toThrow()
  })

  it('takes the parts of a session description one by one; ours an object', async () => {
    expect(
      new werift.RTCSessionDescription({ type: 'offer', sdp: 'x' } as never, undefined as never).type,
    ).toBe(undefined)
    const { wrtc } = await loadEngine('werift')
    expect(new wrtc.RTCSessionDescription({ type: 'offer', sdp: 'x' })).toMatchObject({
      type: 'offer',
      sdp: 'x',
    })
  })
})

describe('werift, connected', () => {
  it('hands over messages as Buffer whatever binaryType says, but no empty one, and none after that', async () => {
    const { channels } = await connectedWerift(open)
    const received: unknown[] = []
    channels[1].onmessage = ({ data }) => received.push(data)
    ;(channels[1] as { binaryType?: string }).binaryType = 'arraybuffer'
    channels[0].send(Buffer.of(7))
    await until('a message', () => received.length > 0)
    for (const message of [Buffer.alloc(0), Buffer.of(8)]) channels[0].send(message)
    await sleep(clock, 200)
    expect(received).toEqual([Buffer.of(7)])
    expect(received[0]).toBeInstanceOf(Buffer)
  })

  it('closes at a closing alert in plain text from anywhere', async () => {
    const { connections, channels } = await connectedWerift(open)
    const stranger = open(createSocket('udp4'))
    const alert = Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0)
    for (const { localDescription } of connections) {
      const candidates = localDescription?.sdp.matchAll(/ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/g) ?? []
      for (const [, address, port] of candidates) stranger.send(alert, Number(port), address)
    }
    await until('the channel to close', () => channels[1].readyState === 'closed')
  })
})

describe('node-datachannel', () => {
  it('hands out descriptions whose sdp can not be assigned; ours can', async () => {
    const bare = open(new datachannel.RTCPeerConnection({ iceServers: [] }))
    bare.createDataChannel('x')
    const description = (await bare.createOffer()) as { sdp: string }
    expect(() => (description.sdp = 'y')).toThrow(TypeError)
    const connection = await mended('datachannel')
    connection.createDataChannel('x')
    const offer = await connection.createOffer()
    offer.sdp = 'y'
    expect(offer.sdp).toBe('y')
  })

  it('pastes TURN credentials into a URL as they are; ours are encoded, and the given list stays as it was', async () => {
    const iceServers = [{ urls: 'turn:127.0.0.1:9', username: 'a:b@c', credential: 'd/e?f#g' }]
    const connection = await mended('datachannel', { iceServers })
    const [server] = connection.getConfiguration().iceServers ?? []
    expect([server?.username, server?.credential]).toEqual(['a%3Ab%40c', 'd%2Fe%3Ff%23g'])
    expect(iceServers[0]?.urls).toBe('turn:127.0.0.1:9')
  })

  it('tells host candidates even when only relayed ones may be known; ours does not', async () => {
    const gathered = async (connection: RTCPeerConnection): Promise<string[]> => {
      const candidates: string[] = []
      connection.onicecandidate = ({ candidate }) => {
        if (candidate !== null) candidates.push(candidate.candidate)
      }
      connection.createDataChannel('x')
      await connection.setLocalDescription(await connection.createOffer())
      for (let waited = 0; waited < 5_000 && connection.iceGatheringState !== 'complete'; waited += 10) {
        await sleep(clock, 10)
      }
      return [...candidates, ...(connection.localDescription?.sdp.match(/^a=candidate.*$/gm) ?? [])]
    }
    expect(await gathered(await mended('datachannel'))).not.toEqual([])
    expect(await gathered(await mended('datachannel', { iceTransportPolicy: 'relay' }))).toEqual([])
  })

  it.runIf(hasIpv6)(
    'does not take an address of IPv6 in brackets for a STUN or TURN server; ours asks there',
    async () => {
      const server = createSocket('udp6')
      server.bind(0, '::1')
      await once(open(server), 'listening')
      const { port } = server.address()
      for (const scheme of ['stun', 'turn']) {
        const iceServers = [{ urls: `${scheme}:[::1]:${port}`, username: 'a', credential: 'b' }]
        expect(() => new datachannel.RTCPeerConnection({ iceServers: structuredClone(iceServers) })).toThrow(
          'Invalid ICE server port',
        )
        const asked = once(server, 'message')
        const connection = await mended('datachannel', { iceServers })
        connection.createDataChannel('x')
        await asked
        connection.close()
      }
    },
  )

  it('reckons with packets of 1,280 bytes', async () => {
    // For IPv6, whose header is 20 bytes longer than that of IPv4.
    expect(await tooLargeFor(1_280 - 20)).toBe(0)
    expect(await tooLargeFor(1_280 - 20 - 40)).toBeGreaterThan(0)
  })

  it('says of nothing that it waits, even while nothing gets through', async () => {
    const impairment = createImpairment({ clock, random: systemRandom })
    const connector = impairedConnector(createConnector(await loadEngine('datachannel')), impairment)
    const way = signalWay()
    const links = [establishSide(connector, true, way), establishSide(connector, false, way)] as const
    const [link] = [open(await links[0]), open(await links[1])]
    impairment.block()
    let skipped = 0
    // All at once: after 300 ms of silence the link itself would skip them.
    for (let sent = 0; sent < 50; sent++) if (!link.sendState(new Uint8Array(1_000))) skipped++
    expect([skipped, link.quality().datagramsSkipped]).toEqual([0, 0])
    await until('a packet to be blocked', () => impairment.counts.get('blocked') > 0)
  })

  it('names itself in its offers, by which ours tells whom it answers', async () => {
    const bare = open(new datachannel.RTCPeerConnection({ iceServers: [] }))
    bare.createDataChannel('x')
    const { sdp } = (await bare.createOffer()) as { sdp: string }
    expect(sdp).toMatch(/^o=rtc /m)
    expect(sdp).toMatch(/^a=setup:actpass/m)
  })

  it('throws at a candidate before the description', async () => {
    const candidate = 'candidate:1 1 UDP 7 127.0.0.1 9 typ host'
    const bare = open(new datachannel.RTCPeerConnection({ iceServers: [] }))
    await expect(bare.addIceCandidate({ candidate, sdpMid: '0' })).rejects.toThrow('remote description')
  })
})
