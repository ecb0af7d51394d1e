import { describe, expect, it } from 'vitest'
import { createSystemClock, seededRandom } from '../../lib/core/index.ts'
import { createConnector, loadEngine, type Connection } from '../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../lib/testing/udpRelay.ts'

/** At this loss a quarter of werift's handshakes never ended, and no reliable channel lived for ten seconds. */
const conditions = { delayMs: 20, jitterMs: 5, lossPercent: 10 }

const pairs = 4
const messages = 60
const clock = createSystemClock()

/** Connects two sides at the first attempt, then sends numbered messages between datagrams. */
async function converse(seed: number): Promise<{ received: number[][]; close(): void }> {
  const impairment = createImpairment({ clock, random: seededRandom(seed), ...conditions })
  const connector = impairedConnector(createConnector(await loadEngine('werift')), impairment)
  const received: number[][] = [[], []]
  const sides: Connection[] = []
  await new Promise<void>((resolve, reject) => {
    let open = 0
    for (const side of [0, 1]) {
      sides[side] = connector.connect({
        initiator: side === 0,
        attempt: 0,
        iceServers: [],
        handlers: {
          signal: (signal) => queueMicrotask(() => sides[1 - side]?.signal(signal)),
          open: () => {
            if (++open === 2) resolve()
          },
          control: (bytes) => void received[side]?.push(bytes[0]!),
          state: () => {},
          closed: (reason) => reject(new Error(`The connection closed: ${reason}.`)),
        },
      })
    }
  })
  let sent = 0
  const stopDatagrams = clock.every(40, () => {
    for (const side of sides) side.sendState(new Uint8Array(60))
  })
  const stopMessages = clock.every(50, () => {
    if (sent === messages) return stopMessages()
    for (const side of sides) side.sendControl(Uint8Array.of(sent))
    sent++
  })
  return {
    received,
    close: () => {
      stopDatagrams()
      stopMessages()
      for (const side of sides) side.close()
    },
  }
}

describe('werift under loss', () => {
  it('connects at the first attempt and delivers every control message in order between lossy datagrams', async () => {
    const conversations = await Promise.all(Array.from({ length: pairs }, (_, seed) => converse(seed)))
    const everything = Array.from({ length: messages }, (_, index) => index)
    await expect
      .poll(() => conversations.flatMap(({ received }) => received), { timeout: 20_000, interval: 100 })
      .toEqual(Array.from({ length: 2 * pairs }, () => everything))
    for (const conversation of conversations) conversation.close()
  }, 60_000)
})
