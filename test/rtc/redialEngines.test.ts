import { afterEach, describe, expect, it } from 'vitest'
import type { Signal } from '../../lib/protocol/index.ts'
import { establishLink, type Link } from '../../lib/rtc/index.ts'
import { nodePair } from './support/nodePair.ts'

const links: Link[] = []
afterEach(() => {
  for (const link of links.splice(0)) link.close()
})

/** The path is dead this long: real engines give a connection up, or stall, well before. */
const outageMs = 8_000

describe.each(['datachannel', 'werift'] as const)('a link over %s', (engine) => {
  it(
    '[LNK-70] [LNK-72] outlives a dead path, and loses and doubles nothing',
    { timeout: 60_000 },
    async () => {
      const { initiator, responder, path, pass } = await nodePair(engine, engine, { path: true })
      const handlers: ((signal: Signal) => void)[] = []
      const early: Signal[][] = [[], []]
      const making = [initiator, responder].map((side, index) =>
        establishLink({
          ...side,
          initiator: index === 0,
          redials: true,
          timings: { deadMs: 40_000 },
          signals: {
            send: (signal) => {
              const handler = handlers[1 - index]
              if (handler === undefined) early[1 - index]?.push(signal)
              else handler(signal)
            },
            onSignal: (handler) => {
              handlers[index] = handler
              for (const signal of early[index]?.splice(0) ?? []) handler(signal)
            },
          },
        }),
      )
      links.push(...(await Promise.all(making)))
      const [first, second] = links as [Link, Link]
      let moves = 0
      first.on('suspect', () => first.redial())
      first.on('unheard', () => first.redial())
      first.on('moved', () => moves++)
      const received: number[] = []
      second.on('control', ([number]) => received.push(number ?? -1))
      let sent = 0
      const send = async (ms: number): Promise<void> => {
        for (let passed = 0; passed < ms; passed += 200) {
          first.sendControl(Uint8Array.of(sent++))
          await pass(200)
        }
      }
      await send(1_000)
      await path?.block()
      await send(outageMs)
      await path?.unblock()
      await send(1_000)
      // Whichever of both connections is back first; asked for, the other one follows.
      while (links.some(({ state }) => state !== 'open') || received.length < sent) await pass(100)
      first.redial()
      while (moves === 0) await pass(100)
      await send(1_000)
      while (received.length < sent) await pass(100)
      expect(received).toEqual(Array.from({ length: sent }, (_, number) => number))
      expect(links.map(({ state }) => state)).toEqual(['open', 'open'])
    },
  )
})
