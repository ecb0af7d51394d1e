import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, utf8, type RandomSource } from '../../lib/core/index.ts'
import {
  RendezvousClient,
  rendezvousFrom,
  webSocketRendezvous,
  defaultTimings,
} from '../../lib/rendezvous/index.ts'
import {
  decodeClientFrame,
  encodeServiceFrame,
  frameVersion,
  type ClientFrame,
  type ServiceFrame,
} from '../../lib/rendezvous/frames.ts'
import type { FrameSocketHandlers } from '../../lib/rendezvous/frameSocket.ts'
import type { HostedSession, Route } from '../../lib/rendezvous/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { foundSession, watch, type TestSession } from '../compliance/rendezvous.ts'

const welcome: ServiceFrame = {
  type: 'welcome',
  version: frameVersion,
  pingMs: 10_000,
  stunPort: null,
  stunHost: null,
  witness: null,
}

/** A service that says what a test wants it to say. */
class ScriptedService {
  readonly received: ClientFrame[] = []
  /** When a connection was attempted. */
  readonly dials: number[] = []
  answers = true
  answersWithdrawals = true
  handlers: FrameSocketHandlers | undefined
  closedByClient = 0
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  readonly dial = (handlers: FrameSocketHandlers) => {
    this.dials.push(this.#clock.now())
    this.#clock.after(0, () => {
      if (!this.answers) return handlers.closed(1006)
      this.handlers = handlers
      handlers.open()
    })
    return {
      send: (bytes: Uint8Array) => this.#receive(decodeClientFrame(bytes)),
      close: () => {
        this.closedByClient++
      },
    }
  }

  say(frame: ServiceFrame): void {
    this.handlers!.message(encodeServiceFrame(frame))
  }

  welcome(): void {
    this.say(welcome)
  }

  types(): string[] {
    return this.received.map(({ type }) => type)
  }

  #receive(frame: ClientFrame): void {
    this.received.push(frame)
    if (frame.type === 'hello') this.welcome()
    if (frame.type === 'announce')
      this.say({ type: 'announced', request: frame.request, resume: new Uint8Array(16) })
    if (frame.type === 'withdraw' && this.answersWithdrawals)
      this.say({ type: 'withdrawn', request: frame.request })
  }
}

describe('a client of a rendezvous service', () => {
  let clock: SimulatedClock
  let service: ScriptedService
  let client: RendezvousClient
  let session: TestSession
  const middle: RandomSource = { ...seededRandom(1), next: () => 0.5 }
  const make = (random: RandomSource = middle): RendezvousClient =>
    new RendezvousClient({ hint: 'ws://service', host: 'service', clock, random, dial: service.dial })
  const announce = async (): Promise<HostedSession> =>
    clock.complete(client.announce(await session.announcement()))
  const rejection = (work: Promise<unknown>): Promise<unknown> =>
    clock.complete(work.catch((error: unknown) => error))

  beforeEach(() => {
    clock = new SimulatedClock()
    service = new ScriptedService(clock)
    session = foundSession(clock)
    client = make()
  })
  afterEach(async () => {
    await clock.complete(client.close())
    await clock.run(100)
    expect(clock.pendingTimers).toBe(0)
  })

  it('connects no earlier than needed', async () => {
    await clock.run(60_000)
    expect(service.dials).toEqual([])
  })

  it('[RDV-27] comes back after 1, 3, 5, 5, … seconds while something is announced', async () => {
    await announce()
    service.answers = false
    const lostAt = clock.now()
    service.handlers!.closed(1006)
    await clock.run(20_000)
    const waits = service.dials
      .slice(1)
      .map((at, index, all) => at - (index === 0 ? lostAt : all[index - 1]!))
    expect(waits).toEqual([1_000, 3_000, 5_000, 5_000, 5_000])
  })

  it('[RDV-27] spreads its return by a quarter both ways', async () => {
    const waits: number[] = []
    for (const next of [0, 0.999_999]) {
      client = make({ ...middle, next: () => next })
      session = foundSession(clock)
      service.answers = true
      await announce()
      service.answers = false
      const lostAt = clock.now()
      service.handlers!.closed(1006)
      await clock.run(2_000)
      waits.push(service.dials.at(-1)! - lostAt)
      await clock.complete(client.close())
    }
    expect(waits[0]).toBe(750)
    expect(waits[1]).toBeCloseTo(1_250, 0)
  })

  it('[RDV-27] starts over with the back-off once it was back', async () => {
    await announce()
    for (let time = 0; time < 3; time++) {
      const lostAt = clock.now()
      service.handlers!.closed(1006)
      await clock.runUntil(() => service.dials.length === time + 2)
      expect(service.dials.at(-1)! - lostAt).toBe(1_000)
      await clock.settle()
      await clock.run(100)
    }
  })

  it('[RDV-27] uses a connection that somebody else needed first', async () => {
    const hosted = await announce()
    const events: string[] = []
    hosted.on('restored', () => events.push('restored'))
    service.handlers!.closed(1006)
    const listing = client.list().catch((error: unknown) => error)
    await clock.run(10)
    expect(events).toEqual(['restored'])
    expect(service.dials).toHaveLength(2)
    await clock.run(defaultTimings.requestMs)
    expect(await listing).toMatchObject({ code: 'rendezvous-unreachable' })
  })

  it('does not come back where nothing is announced', async () => {
    await rejection(client.list())
    service.handlers!.closed(1006)
    await clock.run(60_000)
    expect(service.dials).toHaveLength(1)
  })

  it('[RDV-5] counts a service that stops pinging as lost', async () => {
    const hosted = await announce()
    const lost: unknown[] = []
    hosted.on('lost', ({ cause }) => lost.push(cause))
    for (let ping = 0; ping < 10; ping++) {
      await clock.run(10_000)
      service.say({ type: 'ping' })
    }
    expect(lost).toEqual([])
    expect(service.types().filter((type) => type === 'pong')).toHaveLength(10)
    service.answers = false
    await clock.run(30_000)
    expect(lost).toMatchObject([{ code: 'rendezvous-unreachable' }])
  })

  it('gives up on a service that accepts the connection and stays mute', async () => {
    service.welcome = () => {}
    expect(await rejection(client.reach(session.sessionId))).toMatchObject({ code: 'rendezvous-unreachable' })
    expect(clock.now()).toBeCloseTo(defaultTimings.connectMs, -2)
    expect(service.closedByClient).toBe(1)
  })

  it('gives up on a service that says anything but welcome', async () => {
    service.welcome = () => {}
    const cancel = clock.every(1_000, () => service.say({ type: 'ping' }))
    expect(await rejection(client.list())).toMatchObject({ code: 'rendezvous-unreachable' })
    cancel()
    expect(clock.now()).toBeCloseTo(defaultTimings.connectMs, -2)
    expect(client.dropped()).toMatchObject({ 'rendezvous-unexpected': 7 })
  })

  it('closes a session without waiting long for a service that does not answer', async () => {
    const hosted = await announce()
    const before = clock.now()
    service.answersWithdrawals = false
    await clock.complete(hosted.close())
    expect(clock.now() - before).toBe(defaultTimings.withdrawMs)
  })

  it('closes a connection that nobody waits for any more', async () => {
    service.welcome = () => {}
    const first = new AbortController()
    const second = new AbortController()
    const works = [client.list(first.signal), client.list(second.signal)].map((work) => work.catch(() => {}))
    await clock.run(10)
    first.abort()
    await clock.run(10)
    expect(service.closedByClient).toBe(0)
    second.abort()
    await clock.run(10)
    expect(service.closedByClient).toBe(1)
    await Promise.all(works)
  })

  it('[RDV-4] ignores and counts frames that are malformed or make no sense', async () => {
    const hosted = await announce()
    service.handlers!.message(utf8('?'))
    service.handlers!.message(new Uint8Array(100_000))
    service.welcome()
    service.say({ type: 'relay', route: 77, message: utf8('for whom?') })
    service.say({ type: 'withdrawn', request: 999 })
    service.say({ type: 'closed', route: 77 })
    service.say({ type: 'dropped', session: new Uint8Array(16), cause: 'expired' })
    service.say({ type: 'refused', request: null, code: 'rate-limited', reason: 'Slow down.' })
    expect(client.dropped()).toEqual({
      'rendezvous-malformed': 2,
      'rendezvous-unexpected': 2,
      'rendezvous-unknown-route': 1,
      'rendezvous-refused': 1,
    })
    await clock.complete(hosted.update(await session.announcement()))
  })

  it('closes a route that the service opened for a session no longer hosted, or for nobody', async () => {
    const hosted = await announce()
    await clock.complete(hosted.close())
    service.say({ type: 'incoming', route: 5, session: session.sessionId })
    service.say({ type: 'opened', request: 999, route: 6, envelope: new Uint8Array(1), proof: [] })
    expect(service.received.slice(-2)).toEqual([
      { type: 'close', route: 5 },
      { type: 'close', route: 6 },
    ])
  })

  it('keeps messages that arrive in the same burst as the answer', async () => {
    const reaching = client.reach(session.sessionId)
    await clock.runUntil(() => service.types().includes('open'))
    const { request } = service.received.at(-1) as { request: number }
    service.say({ type: 'opened', request, route: 1, envelope: new Uint8Array(3), proof: [] })
    service.say({ type: 'relay', route: 1, message: utf8('early') })
    service.say({ type: 'closed', route: 1 })
    const { route } = await clock.complete(reaching)
    expect(watch(route)).toEqual({ texts: ['early'], closed: 1 })
  })

  it('keeps no more than a few messages for nobody', async () => {
    const hosted = await announce()
    const routes: Route[] = []
    hosted.on('route', (route) => routes.push(route))
    service.say({ type: 'incoming', route: 1, session: session.sessionId })
    for (let count = 0; count < 65; count++)
      service.say({ type: 'relay', route: 1, message: utf8(`${count}`) })
    expect(service.received.at(-1)).toEqual({ type: 'close', route: 1 })
    const seen = watch(routes[0]!)
    expect(seen.texts).toHaveLength(64)
    expect(seen.closed).toBe(1)
  })

  it.each([
    ['flood', 4003, 'rate-limited'],
    ['another version', 4006, 'protocol-version'],
    ['a restart', 1001, 'rendezvous-unreachable'],
  ])('says why it was cut off: %s', async (_name, closeCode, code) => {
    const hosted = await announce()
    const lost: unknown[] = []
    hosted.on('lost', ({ cause }) => lost.push(cause))
    service.handlers!.closed(closeCode)
    expect(lost).toMatchObject([{ code }])
  })

  it('[RDV-3] refuses a service of another version', async () => {
    service.welcome = () => service.say({ ...welcome, version: frameVersion + 1 })
    expect(await rejection(client.list())).toMatchObject({ code: 'protocol-version' })
  })

  it('[RDV-17] asks for a new announcement when the old one has expired, and is back with it', async () => {
    const hosted = await announce()
    const events: string[] = []
    hosted.on('lost', () => events.push('lost'))
    hosted.on('stale', ({ cause }) => events.push(`stale: ${(cause as { code: string }).code}`))
    hosted.on('restored', () => events.push('restored'))
    service.say({ type: 'dropped', session: session.sessionId, cause: 'expired' })
    await clock.complete(hosted.update(await session.announcement()))
    expect(events).toEqual(['lost', 'stale: message-expired', 'restored'])
  })

  it('[RDV-12] does not take a session back by itself that the same host announced elsewhere', async () => {
    const hosted = await announce()
    const events: string[] = []
    hosted.on('lost', () => events.push('lost'))
    hosted.on('restored', () => events.push('restored'))
    service.say({ type: 'dropped', session: session.sessionId, cause: 'replaced' })
    service.handlers!.closed(1006)
    await clock.run(60_000)
    expect(events).toEqual(['lost'])
    await clock.complete(client.list().catch(() => {}))
    await clock.complete(hosted.update(await session.announcement()))
    expect(events).toEqual(['lost', 'restored'])
  })

  it('[RDV-6] waits for a request no longer than its deadline', async () => {
    const work = client.list()
    expect(await rejection(work)).toMatchObject({ code: 'rendezvous-unreachable' })
    expect(clock.now()).toBeCloseTo(defaultTimings.requestMs, -2)
  })
})

describe('an address', () => {
  const environment = { clock: new SimulatedClock(), random: seededRandom(1) }

  it.each(['ws://127.0.0.1:7100', 'wss://example.org', 'ws://[::1]:7100', 'WSS://EXAMPLE.ORG/path'])(
    'of a signaling service is %s',
    (hint) => {
      expect(rendezvousFrom(hint, environment).hint).toBe(hint)
    },
  )

  it.each([
    ['http://127.0.0.1', 'unsupported'],
    ['memory:', 'unsupported'],
    ['127.0.0.1:7100', 'invalid-argument'],
    ['example.org', 'invalid-argument'],
    ['', 'invalid-argument'],
    ['ws://', 'invalid-argument'],
    ['ws://:7100', 'invalid-argument'],
    ['ws://user:password@example.org', 'invalid-argument'],
    ['ws://example.org/#fragment', 'invalid-argument'],
  ])('is not %s', (hint, code) => {
    expect(() => rendezvousFrom(hint, environment)).toThrow(expect.objectContaining({ code }) as Error)
  })

  it('is of no use where there is no WebSocket', () => {
    const { WebSocket } = globalThis
    Reflect.deleteProperty(globalThis, 'WebSocket')
    try {
      expect(() => webSocketRendezvous('ws://127.0.0.1:1', environment)).toThrow(
        expect.objectContaining({ code: 'unsupported' }) as Error,
      )
    } finally {
      globalThis.WebSocket = WebSocket
    }
  })
})
