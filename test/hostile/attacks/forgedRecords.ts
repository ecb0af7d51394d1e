import assert from 'node:assert/strict'
import type { HostileCase, NodeEngine } from '../hostileCase.ts'
import { expectUsable, linkPair } from '../support/linkPair.ts'
import { alerts, clientHello, junk, sendFromElsewhere } from '../support/stranger.ts'

/** Junk datagrams sent to each port. */
const junkCount = 20_000

/** Alerts in plain text from an address that has no part in the link. */
export const spoofedAlert = (engine: NodeEngine): HostileCase => ({
  name: 'spoofed plaintext alerts',
  engine,
  expected: 'the link stays open and goes on carrying messages',
  quick: true,
  run: () => withstand(engine, alerts),
})

/** Hellos of a stranger once the link is open. */
export const lateClientHello = (engine: NodeEngine): HostileCase => ({
  name: 'forged ClientHellos after the handshake',
  engine,
  expected: 'the link stays open and goes on carrying messages',
  quick: true,
  run: () => withstand(engine, Array.from({ length: 20 }, clientHello)),
})

/** A stranger's hellos at every port from the moment that it is known. */
export const clientHelloRace = (engine: NodeEngine): HostileCase => ({
  name: 'a ClientHello race before the handshake',
  engine,
  expected: 'a link comes about all the same, by retries if need be, and carries messages',
  quick: false,
  async run() {
    const races: Promise<void>[] = []
    const pair = await linkPair(engine, (signal, deliver, targets) => {
      races.push(sendFromElsewhere(Array.from({ length: 20 }, clientHello), [...targets]))
      deliver(signal)
    })
    await Promise.all(races)
    await expectUsable(pair)
    pair.close()
    return {}
  },
})

/** Junk at both ports while the link is open. */
export const junkDatagrams = (engine: NodeEngine): HostileCase => ({
  name: `${junkCount} junk datagrams to each port`,
  engine,
  expected: 'the link stays open, and carries messages once the flood is over',
  quick: false,
  run: () => withstand(engine, junk(junkCount)),
})

async function withstand(engine: NodeEngine, packets: Iterable<Uint8Array>): Promise<Record<string, number>> {
  const pair = await linkPair(engine)
  assert(pair.targets.length >= 2, 'The ports of both sides have to be known.')
  await sendFromElsewhere(packets, pair.targets)
  await expectUsable(pair)
  assert.deepEqual([pair.initiator.state, pair.responder.state], ['open', 'open'])
  pair.close()
  return {}
}
