import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { createSystemClock, seededRandom, sleep, systemRandom } from '../../lib/core/index.ts'
import type { Signal } from '../../lib/protocol/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { DelayLane } from '../../lib/testing/delayLane.ts'
import { createImpairment, type SignalRelay } from '../../lib/testing/udpRelay.ts'

const clock = createSystemClock()
const sockets: Socket[] = []
const relays: SignalRelay[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
  for (const relay of relays.splice(0)) relay.close()
})

/** A socket that keeps what it gets, and from where. */
async function listening() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'listening')
  const got: { text: string; port: number }[] = []
  socket.on('message', (packet, from) => got.push({ text: packet.toString(), port: from.port }))
  return { socket, got, port: socket.address().port }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 10_000 && !condition(); waited += 5) await sleep(clock, 5)
  expect(condition()).toBe(true)
}

const candidate = (text: string): Signal => ({
  type: 'candidate',
  attempt: 0,
  candidate: text,
  sdpMid: '0',
  sdpMLineIndex: 0,
})
const portOf = (signal: Signal | undefined): number =>
  signal?.type === 'candidate' ? Number(signal.candidate.split(' ')[5]) : NaN

describe('an impairment of UDP', () => {
  it('carries packets there and back through a port of its own, and blocks both ways', async () => {
    const impairment = createImpairment({ clock, random: systemRandom })
    const relay = impairment.relay()
    relays.push(relay)
    const [engine, target] = [await listening(), await listening()]
    const line = `candidate:1 1 UDP 7 127.0.0.1 ${target.port} typ host generation 0`
    const rewritten = await relay.rewrite(candidate(line))
    const port = portOf(rewritten)
    expect(port).not.toBe(target.port)
    expect(rewritten).toEqual(candidate(line.replace(String(target.port), String(port))))
    engine.socket.send('there', port, '127.0.0.1')
    await until(() => target.got.length === 1)
    expect(target.got).toEqual([{ text: 'there', port }])
    target.socket.send('back', port, '127.0.0.1')
    await until(() => engine.got.length === 1)
    expect(engine.got).toEqual([{ text: 'back', port }])

    impairment.block()
    engine.socket.send('lost', port, '127.0.0.1')
    target.socket.send('lost', port, '127.0.0.1')
    await until(() => impairment.counts.get('blocked') === 2)
    impairment.unblock()
    engine.socket.send('again', port, '127.0.0.1')
    await until(() => target.got.length === 2)
    expect(engine.got.length).toBe(1)
  })

  it('goes on from another port once it was rebound, and lets nothing back through the former one', async () => {
    const impairment = createImpairment({ clock, random: systemRandom })
    const relay = impairment.relay()
    relays.push(relay)
    const [engine, target] = [await listening(), await listening()]
    const port = portOf(
      await relay.rewrite(candidate(`candidate:1 1 UDP 7 127.0.0.1 ${target.port} typ host generation 0`)),
    )
    await impairment.rebind()
    engine.socket.send('there', port, '127.0.0.1')
    await until(() => target.got.length === 1)
    const rebound = target.got[0]?.port ?? 0
    expect(rebound).not.toBe(port)
    target.socket.send('lost', port, '127.0.0.1')
    target.socket.send('back', rebound, '127.0.0.1')
    await until(() => engine.got.length === 1)
    expect(engine.got).toEqual([{ text: 'back', port }])
    relay.close()
    expect(impairment.openSockets).toBe(0)
  })

  it('leaves no way around it: every candidate is replaced or dropped, in signals and in descriptions', async () => {
    const relay = createImpairment({ clock, random: systemRandom }).relay()
    relays.push(relay)
    for (const direct of [
      'candidate:1 1 UDP 7 fd00::2 5000 typ host',
      'candidate:1 1 TCP 7 127.0.0.1 9 typ host tcptype active',
      'candidate:1 1 udp 7 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 5000 typ host',
    ]) {
      expect(await relay.rewrite(candidate(direct))).toBe(undefined)
    }
    const sdp = [
      'v=0',
      'a=candidate:1 1 UDP 7 127.0.0.1 5000 typ host',
      'a=candidate:2 1 UDP 7 ::1 5000 typ host',
    ]
    const offer = await relay.rewrite({ type: 'offer', attempt: 0, sdp: sdp.join('\r\n') })
    const text = offer?.type === 'offer' ? offer.sdp : ''
    expect(text.split('\r\n').length).toBe(2)
    expect(text).not.toContain(' 5000 ')
    // The same candidate leads through the same port.
    const repeated = await relay.rewrite(candidate('candidate:1 1 UDP 7 127.0.0.1 5000 typ host'))
    expect(text).toContain(` ${portOf(repeated)} `)
  })

  it('keeps signals in order, and frees its ports', async () => {
    const impairment = createImpairment({ clock, random: systemRandom })
    const relay = impairment.relay()
    const order: string[] = []
    const offer: Signal = { type: 'offer', attempt: 0, sdp: 'a=candidate:1 1 UDP 7 127.0.0.1 5001 typ host' }
    void relay.rewrite(offer).then(() => order.push('offer'))
    await relay.rewrite(candidate('candidate:nonsense')).then(() => order.push('candidate'))
    expect(order).toEqual(['offer', 'candidate'])
    expect(impairment.openSockets).toBe(1)
    relay.close()
    relay.close()
    expect(impairment.openSockets).toBe(0)
    expect(await relay.rewrite(offer)).toBe(undefined)
  })

  it('loses, repeats and counts as often as it is told', async () => {
    const impairment = createImpairment({
      clock,
      random: seededRandom(1),
      lossPercent: 25,
      duplicatePercent: 20,
    })
    const relay = impairment.relay()
    relays.push(relay)
    const [engine, target] = [await listening(), await listening()]
    const port = portOf(
      await relay.rewrite(candidate(`candidate:1 1 UDP 7 127.0.0.1 ${target.port} typ host`)),
    )
    for (let number = 0; number < 400; number++) {
      engine.socket.send(String(number), port, '127.0.0.1')
      if (number % 20 === 0) await sleep(clock, 2)
    }
    await until(() => impairment.counts.total === 400)
    const { lost = 0, duplicated = 0, forwarded = 0 } = impairment.counts.snapshot()
    // ± 4 standard deviations.
    expect(lost / 400).toBeGreaterThan(0.16)
    expect(lost / 400).toBeLessThan(0.34)
    expect(duplicated / 300).toBeGreaterThan(0.1)
    expect(duplicated / 300).toBeLessThan(0.3)
    await until(() => target.got.length === forwarded + 2 * duplicated)
  })
})

describe('packets with jitter', () => {
  function run(reorder: boolean): { order: number[]; delays: number[] } {
    const simulated = new SimulatedClock()
    const random = seededRandom(5)
    const order: number[] = []
    const delays: number[] = []
    const lane = new DelayLane(
      { clock: simulated, decide: () => [50 + 20 * (2 * random.next() - 1)], reorder: () => reorder },
      ([number = 0]) => {
        order.push(number)
        delays.push(simulated.now() - number * 10)
      },
    )
    for (let number = 0; number < 100; number++) {
      lane.push(Uint8Array.of(number))
      simulated.advance(10)
    }
    simulated.advance(100)
    expect(simulated.pendingTimers).toBe(0)
    return { order, delays }
  }
  const ascending = Array.from({ length: 100 }, (_, index) => index)

  it('keep their order unless asked otherwise, and their delays', () => {
    const ordered = run(false)
    expect(ordered.order).toEqual(ascending)
    expect(Math.min(...ordered.delays)).toBeGreaterThanOrEqual(30)
    expect(Math.max(...ordered.delays)).toBeLessThanOrEqual(70)
    const reordered = run(true)
    expect(reordered.order).not.toEqual(ascending)
    expect([...reordered.order].sort((a, b) => a - b)).toEqual(ascending)
  })
})
