import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import packet from 'dns-packet'
import multicastDns from 'multicast-dns'
import { afterEach, describe, expect, it } from 'vitest'
import { sleep, systemRandom } from '../../../lib/core/index.ts'
import { encodeClientFrame, frameVersion } from '../../../lib/rendezvous/frames.ts'
import type { LanRendezvous } from '../../../lib/rendezvous/lan/index.ts'
import { recordsOf, servicesIn, tagOf, type Advertisement } from '../../../lib/rendezvous/lan/records.ts'
import { foundSession } from '../../compliance/rendezvous.ts'
import { clock } from '../../signaling/support.ts'
import { onLoopback, ownPort } from './support.ts'

const port = ownPort()
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function peer(options = {}): LanRendezvous {
  const made = onLoopback(port, options)
  closing.push(() => made.close())
  return made
}

/** Somebody on the network who sends whatever it likes. */
async function attacker(): Promise<(message: Uint8Array) => void> {
  const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(0)
  await once(socket, 'listening')
  socket.setMulticastInterface('127.0.0.1')
  closing.push(() => void socket.close())
  return (message) => socket.send(message, port, '224.0.0.251')
}

function lie(sessionId: Uint8Array, changes: Partial<Advertisement> = {}): Uint8Array {
  const tag = tagOf(sessionId)
  const advertisement = { instance: `${tag}-00000000`, tag, port: 9, target: 'liar.local', ...changes }
  return packet.encode({ type: 'response', answers: recordsOf(advertisement, ['127.0.0.1']) })
}

describe('a hostile local network', () => {
  it('[LAN-5] is told apart from the host, whoever answers first', async () => {
    const session = foundSession(clock)
    await peer().announce(await session.announcement())
    // One that hosts another session under the tag of this one, as far as it can: it has no such announcement.
    const other = foundSession(clock)
    const impostor = createServer((socket) => socket.end(Buffer.from([0xff, 0xff, 1, 2, 3])))
    impostor.listen(0, '127.0.0.1')
    await once(impostor, 'listening')
    closing.push(() => void impostor.close())
    const { port: where } = impostor.address() as { port: number }
    await peer().announce(await other.announcement())
    const send = await attacker()
    const looking = peer({ reachMs: 3_000 })
    const reaching = looking.reach(session.sessionId)
    for (let index = 0; index < 10; index++) {
      send(lie(session.sessionId, { port: where, instance: `x${index}` }))
      send(lie(session.sessionId, { port: 1 + index }))
    }
    const { envelope, route } = await reaching
    expect(envelope.length).toBeGreaterThan(100)
    route.close()
  })

  it('[LAN-8] is survived: garbage and floods are counted, and the host is found after', async () => {
    const session = foundSession(clock)
    const host = peer()
    await host.announce(await session.announcement())
    const send = await attacker()
    for (let index = 0; index < 1_500; index++) {
      send(systemRandom.bytes(1 + Math.floor(300 * systemRandom.next())))
      send(lie(session.sessionId))
      if (index % 100 === 0) await sleep(clock, 1)
    }
    await expect
      .poll(() => Object.keys(host.dropped()))
      .toEqual(expect.arrayContaining(['lan-malformed', 'lan-flood']))
    // The bucket fills again within a second.
    await sleep(clock, 500)
    const { route } = await peer({ reachMs: 3_000 }).reach(session.sessionId)
    route.close()
  })

  it('[LAN-6] neither announces at a host nor keeps it busy', async () => {
    const session = foundSession(clock)
    const records: { port: number }[] = []
    const spy = multicastDns({ port, interface: '127.0.0.1', bind: '0.0.0.0' })
    closing.push(() => new Promise((resolve) => spy.destroy(() => resolve(undefined))))
    spy.on('response', (response) => records.push(...servicesIn(response)))
    await once(spy, 'ready')
    await peer().announce(await session.announcement())
    await expect.poll(() => records.length).toBeGreaterThan(0)
    const at = records[0]?.port ?? 0
    const announce = encodeClientFrame({
      type: 'announce',
      request: 1,
      envelope: (await foundSession(clock).announcement()).envelope,
      proof: [],
      resume: null,
    })
    const hello = encodeClientFrame({ type: 'hello', version: frameVersion })
    for (const sent of [[new Uint8Array(0xffff)], [hello, announce]]) {
      const socket = connect(at, '127.0.0.1')
      for (const frame of sent) socket.write(Buffer.from([frame.length >> 8, frame.length & 255, ...frame]))
      // Nobody reads it otherwise, and it would never end.
      socket.resume()
      socket.on('error', () => {})
      await once(socket, 'close')
    }
    const { route } = await peer().reach(session.sessionId)
    route.close()
  })

  it('[LAN-2] reads no session out of records that do not fit', () => {
    const session = foundSession(clock)
    const tag = tagOf(session.sessionId)
    const good = packet.decode(Buffer.from(lie(session.sessionId)))
    expect(servicesIn(good)).toEqual([{ tag, port: 9 }])
    const [pointer, service, text] = good.answers ?? []
    for (const answers of [
      [pointer, service],
      [pointer, { ...service, ttl: 0 }, text],
      [pointer, service, { ...text, data: ['v=2', `s=${tag}`] }],
      [pointer, service, { ...text, data: ['v=1', 's=../../etc'] }],
      [{ ...service, name: 'x._other._tcp.local' }, text],
    ]) {
      expect(servicesIn({ answers } as never)).toEqual([])
    }
  })

  it('[LAN-4] hears the good-bye of a session that is closed', async () => {
    const farewells: string[] = []
    const spy = multicastDns({ port, interface: '127.0.0.1', bind: '0.0.0.0' })
    closing.push(() => new Promise((resolve) => spy.destroy(() => resolve(undefined))))
    spy.on('response', ({ answers }) => {
      for (const answer of answers ?? [])
        if (answer.type === 'SRV' && answer.ttl === 0) farewells.push(answer.name.slice(0, 16))
    })
    await once(spy, 'ready')
    const [one, two] = [foundSession(clock), foundSession(clock)]
    const host = peer()
    const hosted = await host.announce(await one.announcement())
    await host.announce(await two.announcement())
    await hosted.close()
    await expect.poll(() => farewells).toEqual([tagOf(one.sessionId)])
    await host.close()
    await expect.poll(() => farewells).toEqual([tagOf(one.sessionId), tagOf(two.sessionId)])
  })

  it('[LAN-4] finds a host again whose networks changed', async () => {
    const session = foundSession(clock)
    const host = peer()
    await host.announce(await session.announcement())
    host.reconnect?.()
    const { route } = await peer({ reachMs: 3_000 }).reach(session.sessionId)
    route.close()
  })
})
