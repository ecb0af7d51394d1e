import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom, toHex, utf8 } from '../../lib/core/index.ts'
import { startSignaling, type SignalingService } from '../../signaling/index.ts'
import { foundSession } from '../compliance/rendezvous.ts'
import { Bench, clock, startReopenable, until } from './support.ts'

const bench = new Bench()
afterEach(() => bench.close())

const metricsOf = async (service: SignalingService): Promise<string> =>
  (await fetch(service.metricsUrl!)).text()

/** The value of one line. */
const valueOf = (text: string, line: string): number =>
  Number(
    text
      .split('\n')
      .find((candidate) => candidate.startsWith(`openconvoy_signaling_${line} `))
      ?.split(' ')
      .at(-1),
  )

describe('metrics', () => {
  it('are served nowhere unless asked for, and never on the port of the service', async () => {
    const plain = await bench.service()
    expect(plain.metricsUrl).toBeUndefined()
    const measured = await bench.service({ metrics: { port: 0 } })
    for (const { port } of [plain, measured])
      expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404)
  })

  it('are served to this machine only unless told otherwise, also where the service is public', async () => {
    const service = await bench.service({ host: '0.0.0.0', metrics: { port: 0 } })
    const { hostname, port } = new URL(service.metricsUrl!)
    expect(hostname).toBe('127.0.0.1')
    // Another address of the same machine does not reach it.
    await expect(fetch(`http://127.0.0.2:${port}/metrics`)).rejects.toThrow()
  })

  it('tell what happened, by the conventions of Prometheus', async () => {
    const service = await bench.service({ metrics: { port: 0 }, limits: { opensPerSocket: 1, strikes: 3 } })
    const session = foundSession(clock)
    const host = await bench.client(service)
    await host.announce((await session.announcement()).envelope)
    const joiner = await bench.client(service)
    const { route } = (await joiner.ask({ type: 'open', session: session.sessionId })) as { route: number }
    await joiner.ask({ type: 'open', session: session.sessionId })
    joiner.send({ type: 'relay', route, message: utf8('12345') })
    await host.frame('relay')
    const rude = await bench.client(service)
    for (let count = 0; count < 6; count++) rude.sendBytes(systemRandom.bytes(9))
    await rude.closed()
    await fetch(`http://127.0.0.1:${service.port}`, {
      headers: { Upgrade: 'websocket', Connection: 'upgrade' },
    }).catch(() => undefined)
    const mute = await bench.connected(service)
    mute.socket.terminate()
    await until(() => service.stats().handshakeFailures.hello === 1)

    const text = await metricsOf(service)
    const expected: Record<string, number> = {
      ready: 1,
      connections: 2,
      sessions: 1,
      routes: 1,
      pending_connections: valueOf(text, 'pending_connections'),
      'frames_received_total{type="relay",outcome="accepted"}': 1,
      'frames_received_total{type="open",outcome="accepted"}': 2,
      'frames_received_total{type="hello",outcome="accepted"}': 3,
      'frames_received_total{type="unreadable",outcome="malformed"}': 4,
      relayed_messages_total: 1,
      relayed_bytes_total: 5,
      'refusals_total{code="cut-malformed"}': 1,
      'refusals_total{code="rate-limited"}': 1,
      'limits_hit_total{limit="socket-routes"}': 1,
      'handshake_failures_total{reason="hello"}': 1,
      'witness_grants_total{outcome="granted"}': 0,
      'stun_requests_total{outcome="answered"}': 0,
    }
    for (const [line, value] of Object.entries(expected))
      expect([line, valueOf(text, line)]).toEqual([line, value])
    expect(valueOf(text, 'received_bytes_total')).toBeGreaterThan(100)
    expect(valueOf(text, 'event_loop_lag_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0)
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(name).toMatch(/^(openconvoy_signaling|process)_[a-z_]+$/)
      if (type === 'counter') expect(name).toMatch(/_total$/)
      expect(text).toContain(`# HELP ${name!} `)
    }
  })

  it('[RDV-19] hold nobody’s address, session, key or name, and no label that clients choose', async () => {
    const service = await bench.service({ metrics: { port: 0 }, trustProxy: true })
    const session = foundSession(clock)
    const host = await bench.client(service, { 'X-Forwarded-For': '203.0.113.77' })
    await host.announce((await session.announcement({ lobbyName: 'Secret Lobby' })).envelope)
    host.sendBytes(utf8('Nonsense'))
    await host.frame('refused')
    const text = (await metricsOf(service)) + JSON.stringify(service.stats())
    for (const secret of ['203.0.113', 'Secret', 'Nonsense', toHex(session.sessionId)])
      expect(text).not.toContain(secret)
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label))
    expect(labels).toEqual(new Set(['type', 'outcome', 'code', 'quantile']))
  })

  it('are those of each service alone, and gone with it', async () => {
    const [one, other] = [
      await bench.service({ metrics: { port: 0 } }),
      await bench.service({ metrics: { port: 0 } }),
    ]
    await bench.client(one)
    expect(valueOf(await metricsOf(one), 'connections')).toBe(1)
    expect(valueOf(await metricsOf(other), 'connections')).toBe(0)
    await one.close()
    await expect(metricsOf(one)).rejects.toThrow()
  })

  it('on a port that is taken keep the service from starting, and leave nothing of it', async () => {
    const other = await bench.service()
    const free = await startReopenable()
    await free.close()
    const options = { clock, random: systemRandom, port: free.port }
    await expect(startSignaling({ ...options, metrics: { port: other.port } })).rejects.toMatchObject({
      code: 'port-in-use',
    })
    const again = await startSignaling(options)
    await again.close()
  })

  it('answer other requests politely', async () => {
    const service = await bench.service({ metrics: { port: 0 } })
    const { origin } = new URL(service.metricsUrl!)
    expect((await fetch(origin)).status).toBe(404)
    expect((await fetch(service.metricsUrl!, { method: 'POST', body: 'x' })).status).toBe(405)
  })
})
