import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom, toHex, utf8 } from '../../lib/core/index.ts'
import { createIdentity, deriveSessionId, signEnvelope } from '../../lib/identity/index.ts'
import { encodeMessage, limits } from '../../lib/protocol/index.ts'
import { announcementSchema } from '../../lib/identity/index.ts'
import { cutCodes } from '../../lib/rendezvous/index.ts'
import type { SignalingService } from '../../signaling/index.ts'
import { foundSession, type TestSession } from '../compliance/rendezvous.ts'
import type { RawClient } from './rawClient.ts'
import { Bench, clock, until } from './support.ts'

const bench = new Bench()
afterEach(() => bench.close())

/** That the service still introduces peers. */
async function expectAlive(service: SignalingService): Promise<void> {
  const session = foundSession(clock)
  const host = await bench.client(service)
  expect(await host.announce((await session.announcement()).envelope)).toMatchObject({ type: 'announced' })
  const joiner = await bench.client(service)
  expect(await joiner.ask({ type: 'open', session: session.sessionId })).toMatchObject({ type: 'opened' })
}

async function announced(service: SignalingService): Promise<{ host: RawClient; session: TestSession }> {
  const session = foundSession(clock)
  const host = await bench.client(service)
  await host.announce((await session.announcement()).envelope)
  return { host, session }
}

describe('malformed frames', () => {
  it('[RDV-4] are refused with a reason, counted, and change nothing', async () => {
    const service = await bench.service()
    const client = await bench.client(service)
    const malformed = [
      utf8('no MessagePack'),
      new Uint8Array(),
      encode({ type: 'nonsense' }),
      encode({ type: 'open', request: 1 }),
      encode({ type: 'open', request: 1, session: new Uint8Array(15) }),
      encode({ type: 'open', request: -1, session: new Uint8Array(16) }),
      encode({ type: 'list', request: 1, extra: true }),
      encode({ type: 'relay', route: 0.5, message: new Uint8Array() }),
      encode([1, 2, 3]),
      encode(null),
    ]
    for (const bytes of malformed) client.sendBytes(bytes)
    client.socket.send('text')
    await until(() => client.count('refused') === malformed.length + 1)
    expect(
      new Set(client.frames.filter((frame) => frame.type === 'refused').map(({ code }) => code)),
    ).toEqual(new Set(['message-malformed']))
    expect(service.stats().refused).toEqual({ 'message-malformed': malformed.length + 1 })
    await expectAlive(service)
  })

  it('[RDV-26] cut the connection when they do not stop', async () => {
    const service = await bench.service({ limits: { strikes: 20 } })
    const client = await bench.client(service)
    for (let count = 0; count < 30; count++) client.sendBytes(systemRandom.bytes(40))
    expect(await client.closed()).toBe(cutCodes.malformed)
    expect(service.stats().refused).toMatchObject({ 'cut-malformed': 1 })
    await expectAlive(service)
  })

  it('never bring the service down, whatever they hold', async () => {
    const service = await bench.service({ limits: { strikes: 1e9, strikesPerSecond: 1e9 } })
    const client = await bench.client(service)
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.anything().map((value) => {
        try {
          return encode({ type: 'announce', request: 1, envelope: value, resume: null })
        } catch {
          return new Uint8Array()
        }
      }),
    )
    for (const bytes of fc.sample(anything, 500)) client.sendBytes(bytes)
    await client.ask({ type: 'list' })
    await expectAlive(service)
  })

  it('[RDV-2] that are too large close the connection before they are read, and are counted', async () => {
    const service = await bench.service()
    const client = await bench.client(service)
    client.sendBytes(new Uint8Array(limits.rendezvousMessageBytes * 2))
    expect(await client.closed()).toBe(1009)
    expect(service.stats().refused).toMatchObject({ 'message-too-large': 1 })
    await expectAlive(service)
  })

  it('[RDV-3] before the hello end the connection', async () => {
    const service = await bench.service()
    const client = await bench.connected(service)
    client.send({ type: 'list', request: 1 })
    expect(await client.closed()).toBe(cutCodes.malformed)
  })

  it('[RDV-3] of another version are told so, and end the connection', async () => {
    const service = await bench.service()
    const client = await bench.connected(service)
    client.send({ type: 'hello', version: 99 })
    expect(await client.frame('refused')).toMatchObject({ code: 'protocol-version' })
    expect(await client.closed()).toBe(cutCodes.version)
  })
})

describe('announcements that are not in order', () => {
  it('[RDV-10] are refused when signed by somebody else than the founder', async () => {
    const service = await bench.service()
    const victim = createIdentity()
    const thief = createIdentity()
    const founderNonce = systemRandom.bytes(16)
    const body = encodeMessage(
      announcementSchema,
      {
        sessionId: deriveSessionId(victim.signKey, founderNonce),
        founderKey: victim.signKey,
        founderNonce,
        boxKey: thief.boxKey,
        listing: null,
      },
      2_048,
    )
    const envelope = await signEnvelope(
      thief,
      { purpose: 'announcement', body, lifetimeMs: 60_000 },
      { clock, random: systemRandom },
    )
    const client = await bench.client(service)
    expect(await client.announce(envelope)).toMatchObject({ type: 'refused', code: 'message-unauthentic' })
    expect(service.stats()).toMatchObject({ sessions: 0, refused: { 'message-unauthentic': 1 } })
  })

  it('[RDV-10] are refused when they claim an id that does not derive from their founder', async () => {
    const service = await bench.service()
    const squatter = createIdentity()
    const body = encodeMessage(
      announcementSchema,
      {
        sessionId: foundSession(clock).sessionId,
        founderKey: squatter.signKey,
        founderNonce: systemRandom.bytes(16),
        boxKey: squatter.boxKey,
        listing: null,
      },
      2_048,
    )
    const envelope = await signEnvelope(
      squatter,
      { purpose: 'announcement', body, lifetimeMs: 60_000 },
      { clock, random: systemRandom },
    )
    const client = await bench.client(service)
    expect(await client.announce(envelope)).toMatchObject({ type: 'refused', code: 'message-unauthentic' })
  })

  it('[RDV-10] are refused when they are signed for another purpose', async () => {
    const service = await bench.service()
    const envelope = await signEnvelope(
      createIdentity(),
      { purpose: 'knock', body: new Uint8Array(10), lifetimeMs: 60_000 },
      { clock, random: systemRandom },
    )
    const client = await bench.client(service)
    expect(await client.announce(envelope)).toMatchObject({ type: 'refused', code: 'message-misaddressed' })
  })

  it('[RDV-15] can be withdrawn by nobody else', async () => {
    const service = await bench.service()
    const { session } = await announced(service)
    const other = await bench.client(service)
    expect(await other.ask({ type: 'withdraw', session: session.sessionId })).toMatchObject({
      code: 'session-not-found',
    })
    expect(service.stats().sessions).toBe(1)
  })
})

describe('too much', () => {
  it('[RDV-25] on one connection ends the route at both ends, and cuts who goes on', async () => {
    const service = await bench.service({ limits: { framesBurst: 200, framesPerSecond: 1, strikes: 50 } })
    const { host, session } = await announced(service)
    const flooder = await bench.client(service)
    const opened = await flooder.ask({ type: 'open', session: session.sessionId })
    const route = (opened as { route: number }).route
    for (let count = 0; count < 1_000; count++) flooder.send({ type: 'relay', route, message: utf8('x') })
    expect(await flooder.closed()).toBe(cutCodes.flood)
    await host.frame('closed')
    // What was let through arrived without a gap: the burst, less the hello and the request.
    expect(host.count('relay')).toBeGreaterThanOrEqual(198)
    expect(host.count('relay')).toBeLessThan(300)
    expect(service.stats().refused['rate-limited']).toBeGreaterThan(0)
    expect(service.stats()).toMatchObject({ routes: 0, refused: { 'cut-flood': 1 } })
    await expectAlive(service)
  })

  it('[RDV-25] in bytes counts as well as in frames', async () => {
    const service = await bench.service({ limits: { bytesBurst: 100_000, bytesPerSecond: 1 } })
    const { host, session } = await announced(service)
    const joiner = await bench.client(service)
    const opened = await joiner.ask({ type: 'open', session: session.sessionId })
    const route = (opened as { route: number }).route
    for (let count = 0; count < 10; count++) {
      joiner.send({ type: 'relay', route, message: new Uint8Array(limits.rendezvousMessageBytes) })
    }
    expect(await joiner.frame('refused')).toMatchObject({ code: 'rate-limited' })
    await host.frame('closed')
    expect(host.count('relay')).toBeLessThanOrEqual(6)
  })

  it('[RDV-21] of routes is refused: a thousand from one connection open 16', async () => {
    const service = await bench.service({ limits: { requestsBurst: 10_000 } })
    const { host, session } = await announced(service)
    const greedy = await bench.client(service)
    for (let count = 0; count < 1_000; count++) {
      greedy.send({ type: 'open', request: greedy.nextRequest(), session: session.sessionId })
    }
    await until(() => greedy.count('opened') + greedy.count('refused') === 1_000)
    expect(greedy.count('opened')).toBe(16)
    expect(service.stats().routes).toBe(16)
    expect(host.count('incoming')).toBe(16)
    await expectAlive(service)
  })

  it('[RDV-21] of routes to one host is refused, also from many connections', async () => {
    const service = await bench.service({ limits: { routesPerSocket: 20 } })
    const { host, session } = await announced(service)
    const answers: unknown[] = []
    for (let count = 0; count < 3; count++) {
      const client = await bench.client(service)
      for (let open = 0; open < 10; open++) {
        answers.push(await client.ask({ type: 'open', session: session.sessionId }))
      }
    }
    expect(answers.filter((answer) => (answer as { type: string }).type === 'opened')).toHaveLength(20)
    expect(host.count('incoming')).toBe(20)
  })

  it('[RDV-25] of requests from one address is refused, however many connections it has', async () => {
    const service = await bench.service({
      limitLoopback: true,
      limits: { requestsBurst: 10, requestsPerSecond: 0.001 },
    })
    const session = foundSession(clock).sessionId
    const codes: string[] = []
    for (let count = 0; count < 4; count++) {
      const client = await bench.client(service)
      for (let open = 0; open < 5; open++) {
        codes.push(((await client.ask({ type: 'open', session })) as { code: string }).code)
      }
    }
    expect(codes.filter((code) => code === 'session-not-found')).toHaveLength(10)
    expect(codes.filter((code) => code === 'rate-limited')).toHaveLength(10)
  })

  it('[RDV-14] of sessions from one address is refused', async () => {
    const service = await bench.service({ limitLoopback: true, limits: { sessionsPerAddress: 3 } })
    const client = await bench.client(service)
    const types: string[] = []
    for (let count = 0; count < 5; count++) {
      const { envelope } = await foundSession(clock).announcement()
      types.push((await client.announce(envelope)).type)
    }
    expect(types).toEqual(['announced', 'announced', 'announced', 'refused', 'refused'])
    expect(service.stats().sessions).toBe(3)
  })

  it('[RDV-26] for a reader that does not read cuts it, and frees what waited', async () => {
    const service = await bench.service({
      limits: { bufferedBytes: 64 * 1_024, framesBurst: 1e9, bytesBurst: 1e12 },
    })
    const { host, session } = await announced(service)
    const joiner = await bench.client(service)
    await joiner.ask({ type: 'open', session: session.sessionId })
    const { route } = await host.frame('incoming')
    joiner.socket.pause()
    const message = new Uint8Array(limits.rendezvousMessageBytes)
    // The kernel holds some MB before anything waits in the service.
    while (service.stats().refused['cut-slow'] === undefined) {
      host.send({ type: 'relay', route, message })
      if (host.socket.bufferedAmount > 1_000_000) await until(() => host.socket.bufferedAmount === 0)
    }
    await host.frame('closed')
    expect(service.stats()).toMatchObject({ clients: 1, routes: 0 })
    await expectAlive(service)
  })
})

describe('the log', () => {
  it('[RDV-19] holds no address, key, session id or name', async () => {
    const service = await bench.service({ limits: { strikes: 5 } })
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement({ lobbyName: 'Secret Lobby' })).envelope)
    const rude = await bench.client(service)
    await rude.ask({ type: 'open', session: session.sessionId })
    for (let count = 0; count < 20; count++) rude.sendBytes(systemRandom.bytes(10))
    await rude.closed()
    await service.close()
    const log = bench.log.join('\n')
    expect(log).toContain('Cut a connection.')
    for (const secret of ['127.0.0.1', '::1', 'Secret', toHex(session.sessionId)])
      expect(log).not.toContain(secret)
  })
})
