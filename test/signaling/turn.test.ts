import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Counters, systemRandom } from '../../lib/core/index.ts'
import { OfferedServers } from '../../lib/rendezvous/offeredServers.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { TurnCredentials } from '../../signaling/turnCredentials.ts'
import { Bench, clock } from './support.ts'

const bench = new Bench()
const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close()
  await bench.close()
})

const turn = { urls: ['turn:192.0.2.9:3478', 'turns:turn.example.org'], secret: 'not for clients' }

function client(url: string): ReturnType<typeof webSocketRendezvous> {
  const rendezvous = webSocketRendezvous(url, { clock, random: systemRandom })
  closing.push(rendezvous)
  return rendezvous
}

describe('TURN credentials of a service', () => {
  it('[NAT-2] are the HMAC-SHA1 that coturn expects of the expiry and an id', () => {
    const access = new TurnCredentials({ ...turn, lifetimeMs: 3_600_000 }, clock, systemRandom).issue(
      '192.0.2.7',
    )
    const [expiry, id] = access.username.split(':')
    expect(Number(expiry)).toBeCloseTo(clock.wallTime() / 1_000 + 3_600, -1)
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    expect(access.credential).toBe(createHmac('sha1', turn.secret).update(access.username).digest('base64'))
    expect(access).toMatchObject({ urls: turn.urls, seconds: 3_600 })
  })

  it('[NAT-3] name clients of one address alike, so that quotas hold, and tell nobody the address', () => {
    const credentials = new TurnCredentials(turn, clock, systemRandom)
    const idOf = (address: string | null): string | undefined =>
      credentials.issue(address).username.split(':')[1]
    expect(idOf('192.0.2.7')).toBe(idOf('192.0.2.7'))
    expect(idOf('192.0.2.7')).not.toBe(idOf('192.0.2.8'))
    expect(idOf(null)).not.toBe(idOf(null))
    const other = new TurnCredentials(turn, clock, systemRandom)
    expect(other.issue('192.0.2.7').username.split(':')[1]).not.toBe(idOf('192.0.2.7'))
  })

  it.each([
    ['an address that is none', { urls: ['turn.example.org'] }],
    ['a STUN server', { urls: ['stun:turn.example.org'] }],
    ['no address', { urls: [] }],
    ['an empty secret', { secret: '' }],
    ['a lifetime of a second', { lifetimeMs: 1_000 }],
    ['a lifetime of a year', { lifetimeMs: 365 * 86_400_000 }],
  ])('are not begun with %s', async (_name, wrong) => {
    const starting = bench.service({ turn: { ...turn, ...wrong } })
    await expect(starting).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(starting).rejects.not.toThrow(/not for clients/)
  })

  it('[NAT-1] come with the greeting, and again when asked for; the secret never does', async () => {
    const service = await bench.service({ turn })
    const raw = await bench.connected(service)
    raw.send({ type: 'hello', version: 3 })
    const welcome = await raw.frame('welcome')
    expect(welcome.turn).toMatchObject({ urls: turn.urls })
    raw.send({ type: 'turn', request: 7 })
    expect(await raw.frame('provided')).toMatchObject({ request: 7, turn: { urls: turn.urls } })
    expect(JSON.stringify(welcome)).not.toContain(turn.secret)
    expect(bench.log.join()).not.toContain(turn.secret)
  })

  it('[NAT-1] are null where a service has no TURN server', async () => {
    const raw = await bench.client(await bench.service())
    raw.send({ type: 'turn', request: 1 })
    expect(await raw.frame('provided')).toMatchObject({ turn: null })
  })

  it('[NAT-1] reach clients as ICE servers', async () => {
    const service = await bench.service({ turn })
    const rendezvous = client(service.url)
    await rendezvous.list()
    const [stun, relay] = rendezvous.iceServers()
    expect(stun).toEqual({ urls: service.stunUrl })
    expect(relay).toMatchObject({ urls: turn.urls, credential: expect.any(String) as string })
    await rendezvous.renewIceServers?.()
    expect(rendezvous.iceServers()[1]).toMatchObject({ urls: turn.urls })
  })
})

describe('what a service offers', () => {
  const access = { urls: ['turn:192.0.2.9'], username: 'u', credential: 'c', seconds: 3_600 }
  const offered = (): { offer: OfferedServers; simulated: SimulatedClock; counters: Counters } => {
    const simulated = new SimulatedClock()
    const counters = new Counters()
    return { offer: new OfferedServers(simulated, counters), simulated, counters }
  }

  it('[NAT-4] is due for renewal at half of its lifetime, and not used once it has expired', () => {
    const { offer, simulated } = offered()
    offer.greeted('192.0.2.1', 7_100, access)
    expect(offer.renewAt).toBe(simulated.now() + 1_800_000)
    simulated.advance(3_539_000)
    expect(offer.list()).toHaveLength(2)
    simulated.advance(2_000)
    expect(offer.list()).toEqual([{ urls: 'stun:192.0.2.1:7100' }])
  })

  it('[NAT-5] is dropped and counted where it is no address: an engine would throw at it', () => {
    const { offer, counters } = offered()
    offer.greeted('not a host', 7_100, {
      ...access,
      urls: ['turn:', 'stun:192.0.2.9', 'http://a', 'turn:a b', 'turn:ok'],
    })
    expect(offer.list()).toEqual([{ urls: ['turn:ok'], username: 'u', credential: 'c' }])
    expect(counters.snapshot()).toEqual({ 'rendezvous-ice-url': 5 })
  })
})
