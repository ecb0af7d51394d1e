import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { TopicValidatorResult, type GossipSub, type Message } from '@libp2p/gossipsub'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { encode } from '@msgpack/msgpack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Counters } from '../../../lib/core/index.ts'
import { SimulatedClock } from '../../../lib/testing/index.ts'
import { reachOf } from '../../../signaling/mesh/libp2p/addresses.ts'
import { Greetings } from '../../../signaling/mesh/libp2p/greetings.ts'

const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
const from = peerIdFromPrivateKey(key)
const address = `/ip4/192.0.2.7/tcp/7101/p2p/${from.toString()}`

let clock: SimulatedClock
let counters: Counters
let heard: { id: string; addresses: readonly string[] }[]
let published: Uint8Array[]
let greetings: Greetings

beforeEach(() => {
  clock = new SimulatedClock()
  counters = new Counters()
  heard = []
  published = []
  const pubsub = Object.assign(new EventTarget(), {
    topicValidators: new Map(),
    subscribe: () => {},
    publish: async (_topic: string, data: Uint8Array) => void published.push(data),
  })
  greetings = new Greetings({
    pubsub: pubsub as unknown as GossipSub,
    clock,
    counters,
    ownId: 'own',
    ownAddresses: () => Array.from({ length: 12 }, () => address),
    isDialable: (text, id) => reachOf(text, id) === 'everywhere',
    acquaintances: { heard: (id, addresses) => heard.push({ id, addresses }) },
  })
})
afterEach(() => {
  greetings.close()
  expect(clock.pendingTimers).toBe(0)
})

function said(data: Uint8Array): Message {
  const rest = { topic: '', sequenceNumber: 1n, signature: new Uint8Array(), key: key.publicKey }
  return { type: 'signed', from, data, ...rest }
}

const greeting = (at = clock.wallTime(), addresses: unknown = [address]): Message =>
  said(encode({ at: Math.floor(at), addresses }))

describe('greetings of services', () => {
  it('[MSH-2] are passed on and listened to once', async () => {
    const first = greeting()
    expect(greetings.check(first)).toBe(TopicValidatorResult.Accept)
    expect(greetings.check(first)).toBe(TopicValidatorResult.Ignore)
    expect(heard).toEqual([{ id: from.toString(), addresses: [address] }])
    await clock.run(1_000)
    expect(greetings.check(greeting())).toBe(TopicValidatorResult.Ignore)
    await clock.run(2_000)
    expect(greetings.check(first)).toBe(TopicValidatorResult.Ignore)
    expect(greetings.check(greeting())).toBe(TopicValidatorResult.Accept)
    expect(counters.snapshot()).toEqual({ 'mesh-greeting-stale': 2, 'mesh-greeting-rate': 1 })
  })

  it.each([
    ['is no MessagePack', () => said(Uint8Array.of(0xc1)), 'Reject'],
    ['is too large', () => said(new Uint8Array(5_000)), 'Reject'],
    ['names too many addresses', () => greeting(clock.wallTime(), Array(9).fill(address)), 'Reject'],
    ['names what is no text', () => greeting(clock.wallTime(), [7]), 'Reject'],
    ['nobody signed', (): Message => ({ type: 'unsigned', topic: '', data: new Uint8Array() }), 'Reject'],
    ['is of yesterday', () => greeting(clock.wallTime() - 86_400_000), 'Ignore'],
    ['is of tomorrow', () => greeting(clock.wallTime() + 86_400_000), 'Ignore'],
  ] as const)('[MSH-14] change nothing where one %s', (_name, message, result) => {
    expect(greetings.check(message())).toBe(TopicValidatorResult[result])
    expect(heard).toEqual([])
    expect(counters.total).toBe(1)
  })

  it('[MSH-2] have nobody dialled where a stranger has no business, and nobody but the one who says it', () => {
    const other = address.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    const bad = [
      '/ip4/10.0.0.1/tcp/22',
      '/ip4/127.0.0.1/tcp/80',
      '/ip4/192.0.2.7/udp/53',
      '/ip4/192.0.2.7/tcp/1/p2p-circuit',
    ]
    const addresses = [
      address,
      other,
      '/ip4/192.0.2.7/tcp/7101',
      ...bad.map((text) => `${text}/p2p/${from.toString()}`),
    ]
    greetings.check(greeting(clock.wallTime(), addresses))
    expect(heard).toEqual([{ id: from.toString(), addresses: [address] }])
    expect(counters.snapshot()).toEqual({ 'mesh-address-ignored': 1 })
  })

  it('[MSH-2] are said every ten seconds, with as many addresses as one may have', async () => {
    await clock.run(30_000)
    expect(published).toHaveLength(3)
    expect(greetings.check(said(published[2]!))).toBe(TopicValidatorResult.Accept)
    expect(heard[0]!.addresses).toHaveLength(8)
  })
})

describe('how far an address reaches', () => {
  it.each([
    ['/ip4/192.0.2.7/tcp/1', 'everywhere'],
    ['/dns4/example.org/tcp/443/wss', 'everywhere'],
    ['/dns4/example.org/tcp/443/tls/ws', 'everywhere'],
    ['/ip6/2001:db8::1/tcp/1/ws', 'everywhere'],
    ['/ip4/127.8.8.8/tcp/1', 'loopback'],
    ['/ip6/::1/tcp/1', 'loopback'],
    ['/dns/localhost/tcp/1', 'loopback'],
    ['/ip4/10.1.2.3/tcp/1', 'private'],
    ['/ip4/172.31.0.1/tcp/1', 'private'],
    ['/ip4/172.32.0.1/tcp/1', 'everywhere'],
    ['/ip4/192.168.0.1/tcp/1', 'private'],
    ['/ip4/100.64.0.1/tcp/1', 'private'],
    ['/ip4/169.254.169.254/tcp/80', 'private'],
    ['/ip4/224.0.0.1/tcp/1', 'private'],
    ['/ip6/fd00::1/tcp/1', 'private'],
    ['/ip6/fe80::1/tcp/1', 'private'],
    ['/ip6/::ffff:10.0.0.1/tcp/1', 'private'],
    ['/ip4/192.0.2.7/udp/1/quic-v1', undefined],
    ['/unix/tmp', undefined],
    ['192.0.2.7:7101', undefined],
  ])('of %s: %s', (text, expected) => {
    expect(reachOf(`${text}/p2p/${from.toString()}`, from.toString())).toBe(expected)
  })
})
