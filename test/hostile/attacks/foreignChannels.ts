import assert from 'node:assert/strict'
import { isConvoyError } from '../../../lib/core/index.ts'
import type { HostileCase, NodeEngine } from '../hostileCase.ts'
import { channelAttack } from '../support/channelAttack.ts'
import { watchEventLoop } from '../support/eventLoop.ts'
import { until } from '../support/linkPair.ts'

/** Channels that the attacker opens, as far as its engine has streams for them. */
const channels = 2_000

/**
 * Memory that the attack may take, bytes: noise of the collector and of the engine. Unguarded, 2,000 channels took werift
 * 107 MB; node-datachannel, which has streams for about 1,000, 6 MB.
 */
const memoryBytes = 32_000_000

/** Longest standstill, ms: that of an event loop with nothing to do, on a busy machine. */
const aliveMs = 250

/** A peer that opens channels of its own in band. */
export const foreignChannels = (engine: NodeEngine): HostileCase => ({
  name: `${channels} channels opened by the peer`,
  engine,
  expected: 'the link ends at the first, counted as channel-foreign ([LNK-1]), and is not dialled again',
  quick: false,
  async run() {
    const attack = await channelAttack(engine, channels)
    let ending: { reason: string; cause?: unknown } | undefined
    attack.victim.on('closed', (event) => (ending = event))
    const memoryBefore = process.memoryUsage.rss()
    const loop = watchEventLoop()
    const opened = await attack.attack()
    await until('the link to end', () => ending !== undefined)
    const { maxMs } = loop.stop()
    const memory = process.memoryUsage.rss() - memoryBefore
    const { 'channel-foreign': counted = 0 } = attack.victim.quality().dropped
    await attack.close()
    assert(isConvoyError(ending?.cause, 'channel-foreign'), `It closed otherwise: ${ending?.reason}.`)
    assert(counted >= 1, 'Nothing was counted.')
    assert(maxMs < aliveMs, `The event loop stood still for ${maxMs} ms.`)
    assert(memory < memoryBytes, `It took ${memory} bytes.`)
    return { opened, maxLagMs: Math.round(maxMs), memoryKb: Math.round(memory / 1_000) }
  },
})
