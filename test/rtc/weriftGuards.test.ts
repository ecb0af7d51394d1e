// What werift's guards let through: see engineFacts.test.ts for what it does without them.
import { afterEach, describe, expect, it } from 'vitest'
import { createSocket } from 'node:dgram'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { withoutForgeableRecords } from '../../lib/rtc/engines/weriftGuards.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../lib/rtc/index.ts'
import { signalWay } from '../compliance/signalWay.ts'

const clock = createSystemClock()
const closing: { close(): unknown }[] = []
const open = <Connection extends { close(): unknown }>(connection: Connection): Connection => {
  closing.push(connection)
  return connection
}

afterEach(async () => {
  for (const connection of closing.splice(0)) await connection.close()
})

describe('DTLS records after the handshake', () => {
  const record = (type: number, epoch: number, ...fragment: number[]): number[] => [
    ...[type, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 1, 0, fragment.length],
    ...fragment,
  ]
  const filled = (length: number, ...first: number[]): number[] => [
    ...first,
    ...Array.from({ length: length - first.length }, () => 7),
  ]
  const kept = (...records: number[][]): number[] => [...withoutForgeableRecords(Buffer.from(records.flat()))]

  it('pass when they are encrypted', () => {
    for (const good of [
      record(22, 1, ...filled(40)),
      record(23, 1, ...filled(60)),
      record(21, 1, ...filled(26, 0, 1)),
    ]) {
      expect(kept(good)).toEqual(good)
      expect(kept(good, good)).toEqual([...good, ...good])
    }
  })

  it('do not when anybody could have made them', () => {
    for (const bad of [
      record(21, 0, 1, 0),
      record(21, 1, 1, 0),
      record(21, 1, ...filled(26, 1, 0)),
      record(22, 0, ...filled(40, 1)),
      record(24, 1, ...filled(40)),
      [21, 254],
      [],
    ]) {
      expect(kept(bad)).toEqual([])
      const good = record(23, 1, ...filled(9))
      expect(kept(good, bad)).toEqual(good)
      if (bad.length > 2) expect(kept(bad, good)).toEqual(good)
    }
  })

  it('leave a link of werift alone, whoever sends them', async () => {
    const connector = createConnector(await loadEngine('werift'))
    const way = signalWay()
    const targets: { address: string; port: number }[] = []
    way.intercept = (signal, deliver) => {
      const [, , , , address = '', port] = signal.type === 'candidate' ? signal.candidate.split(' ') : []
      if (/^\d/.test(address)) targets.push({ address, port: Number(port) })
      deliver(signal)
    }
    const link = (initiator: boolean): Promise<Link> =>
      establishLink({
        connector,
        initiator,
        signals: initiator ? way.initiator : way.responder,
        clock,
        random: systemRandom,
      })
    const links = await Promise.all([link(true), link(false)])
    closing.push(...links)
    const stranger = open(createSocket('udp4'))
    const forged = [
      record(21, 0, 1, 0),
      record(21, 1, 1, 0),
      record(30, 1, 1),
      record(22, 0, ...filled(60, 1)),
    ]
    for (const packet of forged) {
      for (const { address, port } of targets) stranger.send(Uint8Array.from(packet), port, address)
    }
    await sleep(clock, 200)
    let received = 0
    links[1].onState(() => received++)
    for (let waited = 0; waited < 10_000 && received < 5; waited += 20) {
      links[0].sendState(Uint8Array.of(1))
      await sleep(clock, 20)
    }
    expect(targets.length).toBeGreaterThan(1)
    expect(received).toBeGreaterThanOrEqual(5)
    expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
  })
})
