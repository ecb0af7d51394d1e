import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom, toHex, utf8 } from '../../lib/core/index.ts'
import { serviceLogger } from '../../lib/cli/serviceLog.ts'
import { createIdentity } from '../../lib/identity/index.ts'
import { cutCodes } from '../../lib/rendezvous/index.ts'
import { foundSession } from '../compliance/rendezvous.ts'
import { Bench, clock, until } from './support.ts'

const bench = new Bench()
afterEach(() => bench.close())

describe('the log of a service', () => {
  it.each([true, false])(
    '[RDV-19] holds nobody’s address, key, session or name over a whole session with refusals and errors (json: %s)',
    async (json) => {
      let log = ''
      const service = await bench.service({
        logger: serviceLogger({ json, verbose: true, write: (line) => (log += line) }),
        trustProxy: true,
        limits: { strikes: 3, connectionsPerAddress: 2, framesBurst: 40, framesPerSecond: 1 },
        // As one that fails says something about what it was given.
        verify: () => {
          throw new Error('Verifying failed for 203.0.113.4 of Secret Lobby.')
        },
      })
      const identity = createIdentity()
      const session = foundSession(clock, identity)
      const { envelope } = await session.announcement({ lobbyName: 'Secret Lobby' })
      const from = (address: string) => ({ 'X-Forwarded-For': address })
      const host = await bench.client(service, from('203.0.113.1'))
      await host.announce(envelope)
      const joiner = await bench.client(service, from('2001:db8:77::1'))
      await joiner.ask({ type: 'open', session: session.sessionId })
      const rude = await bench.client(service, from('203.0.113.2'))
      for (let count = 0; count < 20; count++) rude.sendBytes(systemRandom.bytes(10))
      await rude.closed()
      const flooder = await bench.client(service, from('203.0.113.2'))
      for (let count = 0; count < 100; count++) flooder.send({ type: 'relay', route: 1, message: utf8('x') })
      expect(await flooder.closed()).toBe(cutCodes.flood)
      await bench.client(service, from('203.0.113.3'))
      await bench.client(service, from('203.0.113.3'))
      await expect(bench.client(service, from('203.0.113.3'))).rejects.toThrow('429')
      await service.drain()

      const entries = log.trim().split('\n')
      expect(entries.length).toBeGreaterThanOrEqual(5)
      expect(log).toContain('Cut a connection.')
      const { sessionId } = session
      const secrets = [sessionId, identity.signKey, identity.boxKey].flatMap((bytes) => [
        toHex(bytes),
        Buffer.from(bytes).toString('base64'),
        Buffer.from(bytes).toString('base64url'),
      ])
      for (const secret of ['203.0', '2001:', 'db8', '127.0.0.1', '::1', 'Secret', ...secrets])
        expect(log).not.toContain(secret)
      // The same somebody was cut twice: that, and no more, an operator can see.
      const sources = [...log.matchAll(/from[":=]+([0-9a-f]+)/g)].map(([, source]) => source)
      expect(sources).toHaveLength(2)
      expect(sources[0]).toBe(sources[1])
    },
  )

  it('[RDV-19] tells the same address otherwise after the next start', async () => {
    const cutOnce = async (): Promise<string> => {
      let log = ''
      const service = await bench.service({
        logger: serviceLogger({ json: true, verbose: true, write: (line) => (log += line) }),
        trustProxy: true,
      })
      const client = await bench.connected(service, { 'X-Forwarded-For': '203.0.113.1' })
      client.send({ type: 'list', request: 1 })
      await client.closed()
      await until(() => log.includes('Cut'))
      return /"from":"([0-9a-f]+)"/.exec(log)![1]!
    }
    expect(await cutOnce()).not.toBe(await cutOnce())
  })

  it('is lines of JSON or readable text, and writes no fact that it doesn’t know to be harmless', () => {
    const lines: string[] = []
    const facts = {
      reason: 'flood',
      port: 7100,
      address: '203.0.113.1',
      code: 'Lobby of 203.0.113.1',
      error: Object.assign(new Error('connect 203.0.113.1'), { code: 'ECONNRESET' }),
      constructor: 'x',
    }
    serviceLogger({ json: true, verbose: false, write: (line) => lines.push(line) }).warn('Hm.', facts)
    serviceLogger({ json: false, verbose: false, write: (line) => lines.push(line) }).warn('Hm.', facts)
    const { time, ...entry } = JSON.parse(lines[0]!) as Record<string, unknown>
    expect(entry).toEqual({ level: 40, msg: 'Hm.', reason: 'flood', port: 7100, error: 'ECONNRESET' })
    expect(new Date(time as string).getTime()).toBeGreaterThan(0)
    // eslint-disable-next-line no-control-regex -- colours come before and after.
    expect(lines[1]!.replaceAll(/\u001b\[\d+m/g, '')).toMatch(
      /^\d{4}-\S+Z warn Hm\. reason=flood port=7100 error=ECONNRESET\n$/,
    )
  })

  it('tells only what is out of order unless asked for more', () => {
    const lines: string[] = []
    const quiet = serviceLogger({ json: true, verbose: false, write: (line) => lines.push(line) })
    quiet.debug('one')
    quiet.info('two')
    quiet.error('three')
    expect(lines).toHaveLength(1)
  })

  it('grows by no more than a line a second under a flood of connections that are cut', async () => {
    const service = await bench.service()
    for (let count = 0; count < 80; count++) {
      const client = await bench.connected(service)
      client.send({ type: 'list', request: 1 })
      await client.closed()
    }
    const cuts = bench.log.filter((line) => line.startsWith('Cut'))
    expect(cuts.length).toBeGreaterThanOrEqual(60)
    expect(cuts.length).toBeLessThan(70)
  })
})
