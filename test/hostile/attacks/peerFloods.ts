import assert from 'node:assert/strict'
import { isConvoyError, sleep } from '../../../lib/core/index.ts'
import type { HostileCase, NodeEngine } from '../hostileCase.ts'
import { watchEventLoop } from '../support/eventLoop.ts'
import { clock, until } from '../support/linkPair.ts'
import { attackedLink, heartbeat } from '../support/rawAttacker.ts'

/** Datagrams or frames a second, in portions of a hundredth, for this long. */
const floodPerSecond = 10_000
const floodMs = 1_500
const portionEveryMs = 10

/**
 * Longest standstill that still counts as alive, ms, the attacker's own work included: half of what makes a link suspect.
 * werift, which needs O(n²) steps for what waits, was measured at up to 750: docs/threat-model.md says so.
 */
const aliveMs = { datachannel: 750, werift: 2_000 } as const

/** What a link accepts: see [LNK-17]. */
const acceptedAtOnce = 600
const acceptedPerSecond = 300

/** An attacker that acknowledges nothing. */
export const stalledReader = (engine: NodeEngine): HostileCase => ({
  name: 'a reader that stalls',
  engine,
  expected: 'sending is refused as backlog-full at 4 MiB; the link then ends as silent',
  quick: false,
  async run() {
    const attack = await attackedLink(engine)
    const message = new Uint8Array(60_000)
    let sentBytes = 0
    let code: unknown
    for (let index = 0; index < 1_000 && code === undefined; index++) {
      try {
        attack.victim.sendControl(message)
        sentBytes += message.length
      } catch (error) {
        code = isConvoyError(error) ? error.code : error
      }
    }
    assert.equal(code, 'backlog-full')
    assert(sentBytes <= 4_194_304)
    await until('the link to end', () => attack.victim.state === 'closed')
    attack.close()
    return { acceptedBytes: sentBytes }
  },
})

/** Ten thousand datagrams a second. */
export const stateFlood = (engine: NodeEngine): HostileCase => ({
  name: `${floodPerSecond} datagrams a second`,
  engine,
  expected: 'read up to the budget of [LNK-17], the rest dropped unread; the event loop stays alive',
  quick: false,
  async run() {
    const attack = await attackedLink(engine)
    const startedAt = clock.now()
    const loop = watchEventLoop()
    let sequence = 1_000
    await flood(() => attack.attacker.sendState(heartbeat(sequence++)))
    const { maxMs } = loop.stop()
    const { datagramsReceived, dropped } = attack.victim.quality()
    const budget = acceptedAtOnce + (acceptedPerSecond * (clock.now() - startedAt + 1_000)) / 1_000
    attack.close()
    assert(datagramsReceived <= budget, `${datagramsReceived} datagrams were read.`)
    assert(maxMs < aliveMs[engine], `The event loop stood still for ${maxMs} ms.`)
    return { read: datagramsReceived, dropped: dropped.flood ?? 0, maxLagMs: Math.round(maxMs) }
  },
})

/** Ten thousand control frames a second. */
export const controlFlood = (engine: NodeEngine): HostileCase => ({
  name: `${floodPerSecond} control frames a second`,
  engine,
  expected:
    engine === 'datachannel'
      ? 'the link is closed once its budget is used up ([LNK-35]); the event loop stays alive'
      : 'the engine delivers too slowly to use the budget up, or the link ends; the event loop stays alive',
  quick: false,
  async run() {
    const attack = await attackedLink(engine)
    let ending: { reason: string; cause?: unknown } | undefined
    attack.victim.on('closed', (event) => (ending = event))
    const loop = watchEventLoop()
    const nudge = Uint8Array.of(0x11)
    let beats = 0
    await flood(() => {
      if (++beats % 100 === 0) attack.attacker.sendState(heartbeat(beats))
      attack.attacker.sendControl(nudge)
    })
    if (engine === 'datachannel') {
      await until('the link to be closed', () => ending !== undefined)
      assert(isConvoyError(ending?.cause, 'rate-limited'), `It closed for another reason: ${ending?.reason}.`)
    }
    const { maxMs } = loop.stop()
    attack.close()
    assert(maxMs < aliveMs[engine], `The event loop stood still for ${maxMs} ms.`)
    return { maxLagMs: Math.round(maxMs) }
  },
})

async function flood(send: () => void): Promise<void> {
  const endsAt = clock.now() + floodMs
  while (clock.now() < endsAt) {
    try {
      for (let index = 0; index < (floodPerSecond * portionEveryMs) / 1_000; index++) send()
    } catch {
      // Our side hung up.
      return
    }
    await sleep(clock, portionEveryMs)
  }
}
