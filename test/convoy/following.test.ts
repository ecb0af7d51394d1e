import { encode } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'
import { Following, type FollowedSession } from '../../lib/convoy/following.ts'
import { Counters, Emitter, seededRandom, silentLogger } from '../../lib/core/index.ts'
import { SimulatedClock, simulatedIdentity } from '../../lib/testing/index.ts'
import type { RecordMember, SessionEvents } from '../../lib/session/index.ts'

const member = (id: string) => ({ id }) as RecordMember

/** A session with Ben and Cem, whose messages are what the test says. */
function setUp() {
  const dropped = new Counters()
  const sent: [string, Uint8Array][] = []
  let handler: Parameters<FollowedSession['onChannel']>[1] = () => undefined
  const peers = new Map(['ben', 'cem'].map((id) => [id, { member: member(id) }]))
  const session = {
    environment: {
      clock: new SimulatedClock(),
      random: seededRandom(1),
      logger: silentLogger,
      dropped,
      identity: simulatedIdentity(seededRandom(1)),
    },
    events: new Emitter<SessionEvents>(silentLogger),
    onChannel: (_name: string, taking: typeof handler) => (handler = taking),
    peer: (id: string) => peers.get(id),
    peers: () => peers.values(),
    sendChannel: (ids: readonly string[], _channel: string, body: Uint8Array) =>
      sent.push(...ids.map((id): [string, Uint8Array] => [id, body])),
  } as unknown as FollowedSession
  const following = new Following(session)
  return { following, dropped, sent, arrive: (from: string, body: Uint8Array) => handler(member(from), body) }
}

describe('[INT-10] follow messages', () => {
  it('go to everyone, and only when something changes', () => {
    const { following, sent } = setUp()
    following.set('ben')
    following.set('ben')
    following.set(null)
    expect(sent).toEqual([
      ['ben', encode({ member: 'ben' })],
      ['cem', encode({ member: 'ben' })],
      ['ben', encode({ member: null })],
      ['cem', encode({ member: null })],
    ])
  })

  it('count by sender, the newest in place of the former one, until that one is gone', () => {
    const { following, arrive } = setUp()
    arrive('ben', encode({ member: 'me' }))
    arrive('cem', encode({ member: 'somebody-not-known-yet' }))
    expect([following.of('ben'), following.of('cem')]).toEqual(['me', 'somebody-not-known-yet'])
    arrive('cem', encode({ member: null }))
    following.forget('ben')
    expect([following.of('ben'), following.of('cem')]).toEqual([undefined, undefined])
  })

  it('end when the one who is followed leaves, and the others are told', () => {
    const { following, sent } = setUp()
    following.set('cem')
    sent.length = 0
    following.forget('cem')
    expect([following.own, sent.length]).toEqual([null, 2])
  })
})

describe('[INT-11] what is no follow message', () => {
  it.each([
    ['not MessagePack', Uint8Array.of(0xc1)],
    ['empty', new Uint8Array(0)],
    ['a number', encode({ member: 7 })],
    ['a field too many', encode({ member: null, since: 1 })],
    ['a very long id', encode({ member: 'x'.repeat(65) })],
    ['a megabyte', encode({ member: 'x'.repeat(1_000_000) })],
    ['control characters', encode({ member: 'a\nb' })],
  ])('is counted and changes nothing: %s', (_name, body) => {
    const { following, dropped, arrive } = setUp()
    arrive('ben', encode({ member: 'cem' }))
    arrive('ben', body)
    expect(following.of('ben')).toBe('cem')
    expect(dropped.total).toBe(1)
  })

  it('is a message of somebody who is gone', () => {
    const { following, dropped, arrive } = setUp()
    arrive('dora', encode({ member: 'cem' }))
    expect([following.of('dora'), dropped.get('follow-late')]).toEqual([undefined, 1])
  })
})
