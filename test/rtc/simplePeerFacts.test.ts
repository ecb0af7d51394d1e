// What simple-peer does that the design relies on; as engineFacts.test.ts for engines.
import Peer from '#simple-peer'
import { describe, expect, it } from 'vitest'
import { until } from '../hostile/support/linkPair.ts'

/** An engine that connects to nothing and notes what is asked of it. */
function notingEngine(descriptionOf: () => object = () => ({ type: 'offer', sdp: 'v=0' })) {
  const noted = { labels: [] as unknown[], options: [] as unknown[], connections: [] as NotingConnection[] }
  class NotingConnection {
    ondatachannel: unknown
    readonly channel = { readyState: 'connecting', close: () => undefined }
    signalingState = 'stable'
    constructor() {
      noted.connections.push(this)
    }
    createDataChannel(label: unknown, options: unknown): object {
      noted.labels.push(label)
      noted.options.push(options)
      return this.channel
    }
    async createOffer(): Promise<object> {
      return descriptionOf()
    }
    async setLocalDescription(): Promise<void> {}
    close(): void {}
  }
  const wrtc = {
    RTCPeerConnection: NotingConnection,
    RTCSessionDescription: Object,
    RTCIceCandidate: Object,
  }
  return { wrtc, noted }
}

const options = {
  config: {},
  channelName: 'control',
  channelConfig: { negotiated: true, id: 1 },
  trickle: true,
  iceCompleteTimeout: 1,
  objectMode: true,
}

describe('simple-peer', () => {
  it('gives its channel a name as initiator only, and hands on that it is negotiated', () => {
    const { wrtc, noted } = notingEngine()
    for (const initiator of [true, false]) new Peer({ ...options, wrtc, initiator }).destroy()
    expect(noted.labels).toEqual(['control', null])
    expect(noted.options).toEqual([options.channelConfig, options.channelConfig])
  })

  it('does not listen for channels of the other side where its own is negotiated: those are ours to refuse', () => {
    const { wrtc, noted } = notingEngine()
    const peers = [true, false].map((initiator) => new Peer({ ...options, wrtc, initiator }))
    expect(noted.connections.map(({ ondatachannel }) => ondatachannel)).toEqual([undefined, undefined])
    for (const peer of peers) peer.destroy()
  })

  it('assigns to the sdp of descriptions, and fails where that can not be', async () => {
    const fixed = Object.freeze({ type: 'offer', sdp: 'v=0' })
    const { wrtc } = notingEngine(() => fixed)
    const peer = new Peer({ ...options, wrtc, initiator: true })
    let failure: unknown
    peer.on('error', (error) => (failure = error))
    await until('it to fail', () => failure !== undefined)
    expect(failure).toBeInstanceOf(TypeError)
  })

  it('calls getStats with a callback where a parameter is declared, and then waits for that', () => {
    const { wrtc, noted } = notingEngine()
    const peer = new Peer({ ...options, wrtc, initiator: true })
    const calls: number[] = []
    const ask = peer as unknown as { getStats(callback: () => void): void }
    const [connection] = noted.connections as unknown as { getStats: unknown }[]
    if (connection === undefined) throw new Error('It made no connection.')
    connection.getStats = (callback: unknown) => {
      calls.push(typeof callback === 'function' ? 1 : 0)
    }
    ask.getStats(() => undefined)
    connection.getStats = (...rest: unknown[]) => {
      calls.push(rest.length)
      return Promise.resolve([])
    }
    ask.getStats(() => undefined)
    expect(calls).toEqual([1, 0])
    peer.destroy()
  })
})
