import { createSystemClock, sleep } from '../../../lib/core/index.ts'
import { createConnector, loadEngine, type Connection } from '../../../lib/rtc/index.ts'

/**
 * A program: begins as many pairs of connections as it is told, over the engine it is told, closes each a moment later,
 * and prints how long after that its process ended by itself, ms.
 */

/** Pairs at a time. */
const pairsAtOnce = 14

/** Pairs are closed at all moments from nothing sent to connected, which takes about as long, ms. */
const lifetimes = { datachannel: 150, werift: 1_000 }

const clock = createSystemClock()
const [engine = '', pairs = ''] = process.argv.slice(2)
if (engine !== 'datachannel' && engine !== 'werift') throw new Error(`There is no engine ${engine}.`)
const connector = createConnector(await loadEngine(engine))
const longestMs = lifetimes[engine]

let begun = 0
await Promise.all(
  Array.from({ length: pairsAtOnce }, async () => {
    for (let pair = begun++; pair < Number(pairs); pair = begun++) await openAndClose(pair / Number(pairs))
  }),
)
const closedAt = clock.now()
process.on('exit', () => console.log(clock.now() - closedAt))

/** @param share - when to close, of the time there is. */
async function openAndClose(share: number): Promise<void> {
  const sides: Connection[] = []
  for (const side of [0, 1]) {
    sides[side] = connector.connect({
      initiator: side === 0,
      attempt: 0,
      iceServers: [],
      handlers: {
        signal: (signal) => queueMicrotask(() => sides[1 - side]?.signal(signal)),
        open: () => {},
        control: () => {},
        state: () => {},
        closed: () => {},
      },
    })
  }
  await sleep(clock, share * longestMs)
  sides[0]?.close()
  // The other side hears of it at about the same time as it closes by itself: before, meanwhile, after.
  await sleep(clock, (begun % 20) + 1)
  sides[1]?.close()
}
