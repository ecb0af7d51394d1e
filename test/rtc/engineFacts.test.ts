// What engines do that lib/rtc/engines mends. A test that fails here after an update tells that a mend can go, or
// that it no longer takes hold.
import * as datachannel from 'node-datachannel/polyfill'
import { afterEach, describe, expect, it } from 'vitest'
import * as werift from 'werift'
import { createSocket } from 'node:dgram'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { withoutForgeableRecords } from '../../lib/rtc/engines/weriftGuards.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../lib/rtc/index.ts'
import { signalWay } from '../compliance/signalWay.ts'

const clock = createSystemClock()
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
})

describe('DTLS records after the handshake', () => {
  const record = (type: number, epoch: number, ...fragment: number[]): number[] => [
    ...[type, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 1, 0, fragment.length],
    ...fragment,
  ]
  const filled = (length: number, ...first: number[]): number[] => [
    ...first,
    ...Array.from({ length: length - first.length }, () => 7),
  ]
  const kept = (...records: number[][]): number[] => [...withoutForgeableRecords(Buffer.from(records.flat()))]

  it('pass when they are encrypted', () => {
    for (const good of [
      record(22, 1, ...filled(40)),
      record(23, 1, ...filled(60)),
      record(21, 1, ...filled(26, 0, 1)),
    ]) {
      expect(kept(good)).toEqual(good)
      expect(kept(good, good)).toEqual([...good, ...good])
    }
  })

  it('do not when anybody could have made them', () => {
    for (const bad of [
      record(21, 0, 1, 0),
      record(21, 1, 1, 0),
      record(21, 1, ...filled(26, 1, 0)),
      record(22, 0, ...filled(40, 1)),
      record(24, 1, ...filled(40)),
      [21, 254],
      [],
    ]) {
      expect(kept(bad)).toEqual([])
      const good = record(23, 1, ...filled(9))
      expect(kept(good, bad)).toEqual(good)
      if (bad.length > 2) expect(kept(bad, good)).toEqual(good)
    }
  })

  it('leave a link of werift alone, whoever sends them', async () => {
    const connector = createConnector(await loadEngine('werift'))
    const way = signalWay()
    const targets: { address: string; port: number }[] = []
    way.intercept = (signal, deliver) => {
      const [, , , , address = '', port] = signal.type === 'candidate' ? signal.candidate.split(' ') : []
      if (/^\d/.test(address)) targets.push({ address, port: Number(port) })
      deliver(signal)
    }
    const link = (initiator: boolean): Promise<Link> =>
      establishLink({
        connector,
        initiator,
        signals: initiator ? way.initiator : way.responder,
        clock,
        random: systemRandom,
      })
    const links = await Promise.all([link(true), link(false)])
    closing.push(...links)
    const stranger = open(createSocket('udp4'))
    const forged = [
      record(21, 0, 1, 0),
      record(21, 1, 1, 0),
      record(30, 1, 1),
      record(22, 0, ...filled(60, 1)),
    ]
    for (const packet of forged) {
      for (const { address, port } of targets) stranger.send(Uint8Array.from(packet), port, address)
    }
    await sleep(clock, 200)
    let received = 0
    links[1].onState(() => received++)
    for (let waited = 0; waited < 10_000 && received < 5; waited += 20) {
      links[0].sendState(Uint8Array.of(1))
      await sleep(clock, 20)
    }
    expect(targets.length).toBeGreaterThan(1)
    expect(received).toBeGreaterThanOrEqual(5)
    expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
  })
})
