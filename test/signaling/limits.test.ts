import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../lib/core/index.ts'
import { cutCodes } from '../../lib/rendezvous/index.ts'
import { limits } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { clientAddress } from '../../signaling/clientAddress.ts'
import { defaultSignalingLimits } from '../../signaling/constants.ts'
import type { SignalingService } from '../../signaling/index.ts'
import { SlowReaders, type Reader } from '../../signaling/slowReaders.ts'
import { foundSession, type TestSession } from '../compliance/rendezvous.ts'
import type { RawClient } from './rawClient.ts'
import { Bench, clock, until } from './support.ts'

const bench = new Bench()
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await bench.close()
})

const from = (address: string) => ({ 'X-Forwarded-For': address })

async function announced(service: SignalingService): Promise<{ host: RawClient; session: TestSession }> {
  const session = foundSession(clock)
  const host = await bench.client(service, from('192.0.2.1'))
  await host.announce((await session.announcement()).envelope)
  return { host, session }
}

/** What became of so many attempts to open a route, one connection each. */
async function openFrom(service: SignalingService, session: TestSession, address: string, times: number) {
  const answers: string[] = []
  for (let count = 0; count < times; count++) {
    const client = await bench.client(service, from(address))
    answers.push((await client.ask({ type: 'open', session: session.sessionId })).type)
  }
  return answers
}

describe('one address', () => {
  it('[RDV-38] can’t send more by opening more connections, and harms nobody at another', async () => {
    const service = await bench.service({
      trustProxy: true,
      limits: { addressFramesBurst: 60, addressFramesPerSecond: 0.001 },
    })
    const { host, session } = await announced(service)
    let relayed = 0
    for (let connection = 0; connection < 5; connection++) {
      const flooder = await bench.client(service, from('203.0.113.1')).catch(() => undefined)
      const opened = await flooder?.ask({ type: 'open', session: session.sessionId }).catch(() => undefined)
      if (flooder === undefined || opened?.type !== 'opened') break
      for (let count = 0; count < 25; count++)
        flooder.send({ type: 'relay', route: opened.route, message: utf8('x') })
      await flooder.ask({ type: 'list' })
      relayed = host.count('relay')
    }
    expect(relayed).toBeGreaterThan(25)
    expect(relayed).toBeLessThan(60)
    expect(service.stats().limitsHit['address-rate']).toBeGreaterThan(0)
    expect(await openFrom(service, session, '203.0.113.2', 1)).toEqual(['opened'])
  })

  it('[RDV-38] has its rate for all of an IPv6 /64', async () => {
    const service = await bench.service({
      trustProxy: true,
      limits: { addressFramesBurst: 10, addressFramesPerSecond: 0.001 },
    })
    for (let count = 1; count <= 8; count++) await bench.client(service, from(`2001:db8::${count}`))
    const last = await bench.client(service, from('2001:db8:0:0:ffff::1'))
    for (let count = 0; count < 3; count++) last.send({ type: 'pong' })
    expect(await last.frame('refused')).toMatchObject({ code: 'rate-limited' })
    await bench.client(service, from('2001:db8:0:1::1'))
  })

  it('[RDV-39] can’t take all routes of a session', async () => {
    const service = await bench.service({
      trustProxy: true,
      limits: { routesPerSession: 4, routesPerSessionAndAddress: 2 },
    })
    const { session } = await announced(service)
    expect(await openFrom(service, session, '203.0.113.1', 3)).toEqual(['opened', 'opened', 'refused'])
    expect(await openFrom(service, session, '203.0.113.2', 1)).toEqual(['opened'])
    expect(service.stats().limitsHit).toEqual({ 'session-address-routes': 1 })
  })

  it('[RDV-39] can’t have more requests waiting for absent hosts than it may', async () => {
    const service = await bench.service({ trustProxy: true, limits: { waitingPerAddress: 1 } })
    const { host, session } = await announced(service)
    host.socket.terminate()
    await until(() => service.stats().clients === 0)
    const waiting = await bench.client(service, from('203.0.113.1'))
    waiting.send({ type: 'open', request: 1, session: session.sessionId })
    expect(await openFrom(service, session, '203.0.113.1', 1)).toEqual(['refused'])
    expect(service.stats().limitsHit).toEqual({ 'address-waiting': 1 })
    expect(waiting.count('refused')).toBe(0)
  })

  it('[RDV-40] may have so many connections that say nothing', async () => {
    const service = await bench.service({ limitLoopback: true, limits: { pendingPerAddress: 3 } })
    const mute = async (): Promise<Socket> => {
      const socket = connect(service.port, '127.0.0.1').resume()
      socket.on('error', () => {})
      sockets.push(socket)
      await new Promise((resolve) => socket.once('connect', resolve))
      return socket
    }
    const [first] = [await mute(), await mute(), await mute()]
    await until(() => service.stats().pending === 3)
    const fourth = await mute()
    await new Promise((resolve) => fourth.once('close', resolve))
    expect(service.stats().limitsHit).toEqual({ pending: 1 })
    first.destroy()
    await until(() => service.stats().pending === 2)
    // Who has said hello is not pending any more.
    for (let count = 0; count < 4; count++) await bench.client(service)
    expect(service.stats()).toMatchObject({ clients: 4, pending: 2 })
  })

  it('[RDV-40] can’t hold the door shut with many: the one that was silent for the longest makes room', async () => {
    const service = await bench.service({ limits: { pending: 3 } })
    const mute = [
      await bench.connected(service),
      await bench.connected(service),
      await bench.connected(service),
    ]
    await bench.client(service)
    expect(await mute[0]!.closed()).toBe(1006)
    await until(() => service.stats().pending === 2)
    expect(service.stats()).toMatchObject({ clients: 3, limitsHit: { 'pending-total': 1 } })
  })

  it('[RDV-40] can’t stay by not hanging up after it was turned away', async () => {
    const service = await bench.service({ limits: { connections: 1 } })
    await bench.client(service)
    const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true }).resume()
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await new Promise((resolve) => socket.once('end', resolve))
    await until(() => service.stats().pending === 0)
  })

  it('[RDV-40] may have so many WebSockets without a hello, also behind a proxy', async () => {
    const service = await bench.service({ trustProxy: true, limits: { pendingPerAddress: 2 } })
    await bench.connected(service, from('203.0.113.1'))
    await bench.connected(service, from('203.0.113.1'))
    await expect(bench.connected(service, from('203.0.113.1'))).rejects.toThrow('429')
    await bench.client(service, from('203.0.113.2'))
  })
})

describe('one session', () => {
  it('[RDV-39] is asked for only so often', async () => {
    const service = await bench.service({
      trustProxy: true,
      limits: { sessionOpensBurst: 3, sessionOpensPerSecond: 0.001 },
    })
    const { host, session } = await announced(service)
    const answers: string[] = []
    for (let count = 0; count < 5; count++) {
      const client = await bench.client(service, from(`203.0.113.${count}`))
      const answer = await client.ask({ type: 'open', session: session.sessionId })
      answers.push(answer.type)
      if (answer.type === 'opened') client.send({ type: 'close', route: answer.route })
    }
    expect(answers).toEqual(['opened', 'opened', 'opened', 'refused', 'refused'])
    expect(host.count('incoming')).toBe(3)
    const other = await announced(service)
    expect(await openFrom(service, other.session, '203.0.113.9', 1)).toEqual(['opened'])
  })

  it('[RDV-39] has room for so many routes, and for more once some ended', async () => {
    const service = await bench.service({ trustProxy: true, limits: { routesPerSession: 2 } })
    const { session } = await announced(service)
    const first = await bench.client(service, from('203.0.113.1'))
    await first.ask({ type: 'open', session: session.sessionId })
    expect(await openFrom(service, session, '203.0.113.2', 2)).toEqual(['opened', 'refused'])
    first.socket.terminate()
    await until(() => service.stats().routes === 1)
    expect(await openFrom(service, session, '203.0.113.3', 1)).toEqual(['opened'])
  })

  it('[RDV-39] gets no more over its routes than it may, however many share it', async () => {
    const service = await bench.service({
      trustProxy: true,
      limits: { sessionFramesBurst: 20, sessionFramesPerSecond: 0.001 },
    })
    const { host, session } = await announced(service)
    for (let count = 0; count < 3; count++) {
      const client = await bench.client(service, from(`203.0.113.${count}`))
      const opened = await client.ask({ type: 'open', session: session.sessionId })
      for (let sent = 0; sent < 10; sent++)
        client.send({ type: 'relay', route: (opened as { route: number }).route, message: utf8('x') })
      await client.ask({ type: 'list' })
    }
    expect(host.count('relay')).toBe(20)
    await host.frame('closed')
    expect(service.stats().limitsHit['session-rate']).toBeGreaterThan(0)
    expect(service.stats().routes).toBe(2)
  })
})

describe('readers that do not read', () => {
  const rates = { framesBurst: 1e9, bytesBurst: 1e12, sessionFramesBurst: 1e9, sessionBytesBurst: 1e12 }

  it('[RDV-41] are cut once they have stalled, with less waiting than one may hold', async () => {
    const service = await bench.service({
      limits: { ...rates, stalledMs: 500, bufferedBytes: 1e9, bufferedBytesTotal: 1e9 },
    })
    const { host, session } = await announced(service)
    const joiner = await bench.client(service)
    await joiner.ask({ type: 'open', session: session.sessionId })
    const { route } = await host.frame('incoming')
    joiner.socket.pause()
    const message = new Uint8Array(limits.rendezvousMessageBytes)
    // The kernel holds some MB before anything waits in the service.
    while (service.stats().slowReaders === 0) {
      for (let count = 0; count < 20; count++) host.send({ type: 'relay', route, message })
      await until(() => host.socket.bufferedAmount === 0)
    }
    await host.frame('closed')
    expect(service.stats()).toMatchObject({ slowReaders: 0, limitsHit: { stalled: 1 } })
  }, 20_000)

  /** A reader of which only numbers are known. */
  function reader(
    address: string | null,
    waiting: number,
  ): Reader & { isCut: boolean; read: number; held: number } {
    return {
      address,
      held: waiting,
      read: 0,
      isCut: false,
      waiting() {
        return this.held
      },
      written() {
        return this.read
      },
      tooSlow() {
        this.isCut = true
      },
    }
  }
  const small = {
    ...defaultSignalingLimits,
    laggingBytes: 10,
    bufferedBytes: 100,
    bufferedBytesPerAddress: 150,
    bufferedBytesTotal: 300,
  }

  it('[RDV-41] are cut at once when too much waits for one of them', () => {
    const readers = new SlowReaders(small)
    const one = reader('a', 101)
    readers.sent(one, new SimulatedClock())
    expect([one.isCut, readers.cuts]).toEqual([true, { buffered: 1 }])
  })

  it('[RDV-41] are cut when too much waits for one address, or for all, those first that hold most', () => {
    const time = new SimulatedClock()
    const readers = new SlowReaders(small)
    const sameHouse = [reader('a', 90), reader('a', 80)]
    const others = [reader('b', 70), reader('c', 75), reader('d', 95), reader('e', 20)]
    for (const each of [...sameHouse, ...others]) readers.sent(each, time)
    readers.check(time.now())
    expect(sameHouse.map(({ isCut }) => isCut)).toEqual([true, false])
    expect(others.map(({ isCut }) => isCut)).toEqual([false, false, true, false])
    expect(readers.cuts).toEqual({ 'buffered-address': 1, 'buffered-total': 1 })
  })

  it('[RDV-41] are left alone while they read, and forgotten when they have caught up', () => {
    const time = new SimulatedClock()
    const readers = new SlowReaders(small)
    const slow = reader('a', 90)
    readers.sent(slow, time)
    for (let second = 0; second < 60; second++) {
      time.advance(1_000)
      slow.read++
      readers.check(time.now())
    }
    expect([slow.isCut, readers.size]).toEqual([false, 1])
    slow.held = 0
    readers.check(time.now())
    expect(readers.size).toBe(0)
  })
})

describe('frames of another kind', () => {
  it('[RDV-26] are cut off all the same when relays are what comes too fast', async () => {
    const service = await bench.service({ limits: { framesBurst: 30, framesPerSecond: 1, strikes: 5 } })
    const client = await bench.client(service)
    for (let count = 0; count < 100; count++) client.send({ type: 'relay', route: 1, message: utf8('x') })
    expect(await client.closed()).toBe(cutCodes.flood)
    const { receivedFrames } = service.stats()
    expect(receivedFrames.relay).toMatchObject({ ignored: 29 })
    expect(receivedFrames.relay!['rate-limited']).toBeGreaterThan(4)
  })
})

describe('where a request comes from', () => {
  const request = (remoteAddress: string, forwarded?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as never

  it('is the other end of the connection unless there is a proxy', () => {
    expect(clientAddress(false, [])(request('::ffff:192.0.2.1', '203.0.113.1'))).toBe('192.0.2.1')
  })

  it('is what the nearest proxy saw where one is trusted whatever its address', () => {
    expect(clientAddress(true, [])(request('10.0.0.1', '6.6.6.6, 203.0.113.1'))).toBe('203.0.113.1')
  })

  it('is the last that no trusted proxy stands behind', () => {
    const addressOf = clientAddress(false, ['10.0.0.0/8', '2001:db8:1::/48', '198.51.100.7'])
    expect(addressOf(request('10.0.0.1', '203.0.113.1'))).toBe('203.0.113.1')
    expect(addressOf(request('::ffff:10.9.9.9', '6.6.6.6, 203.0.113.1, 198.51.100.7'))).toBe('203.0.113.1')
    expect(addressOf(request('2001:db8:1::5', '2001:db8:2::1'))).toBe('2001:db8:2::1')
    // Who comes past the proxies can claim what it likes.
    expect(addressOf(request('203.0.113.9', '192.0.2.1'))).toBe('203.0.113.9')
    expect(addressOf(request('10.0.0.1', 'nonsense'))).toBe('10.0.0.1')
    expect(addressOf(request('10.0.0.1'))).toBe('10.0.0.1')
    expect(addressOf(request('10.0.0.1', '203.0.113.1, garbage, 10.0.0.2'))).toBe('10.0.0.2')
  })

  it.each(['10.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', 'proxy.example.org', ''])(
    'can’t be told by proxies such as "%s"',
    async (text) => {
      await expect(bench.service({ trustedProxies: [text] })).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    },
  )
})
