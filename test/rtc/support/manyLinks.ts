import { readdirSync } from 'node:fs'
import { createSystemClock, sleep, systemRandom } from '../../../lib/core/index.ts'
import { createConnector, establishLink, loadEngine, type Link } from '../../../lib/rtc/index.ts'
import { signalWay } from '../../compliance/signalWay.ts'
import { openSockets } from './nodePair.ts'

/**
 * A program: opens and closes as many links as it is told, over the engine it is told, and prints what the process
 * holds before and after: in a process of its own, where nothing else opens or frees anything.
 */

/** What a process holds. */
export interface Holdings {
  /** After a collection. */
  heapBytes: number
  /** Sockets, of native code too. */
  sockets: number
  /** What keeps the event loop alive: sockets, timers, handles of native code. */
  handles: number
  /** Threads; undefined where the platform does not tell. */
  threads: number | undefined
}

/** Pairs at a time: each is two links, which is what a member of a large convoy opens at once. */
const pairsAtOnce = 10

/** Pairs before the first measurement: engines keep pools, and functions get compiled. */
const warmUpPairs = 50

/** How long engines have to let go after close(): timers of werift run out by themselves, in the longest pause of a handshake. */
const settleMs = 30_000
const lookEveryMs = 250

/** Collections one after the other: native code lets go of objects between them, a few layers deep. */
const collections = 8

const clock = createSystemClock()
const [engine = '', links = ''] = process.argv.slice(2)
if (engine !== 'datachannel' && engine !== 'werift') throw new Error(`There is no engine ${engine}.`)
const { gc } = globalThis
if (gc === undefined) throw new Error('Run with --expose-gc.')
// Its standard streams are sockets too, where another program started it.
const atFirst = { handles: handleCount(), sockets: openSockets() }
const connector = createConnector(await loadEngine(engine))

await openAndClose(warmUpPairs)
const before = await holdings(atFirst)
await openAndClose(Number(links) / 2)
console.log(JSON.stringify({ before, after: await holdings(before) }))
process.exit()

async function openAndClose(pairs: number): Promise<void> {
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun++ < pairs) await pair()
  }
  await Promise.all(Array.from({ length: pairsAtOnce }, worker))
}

async function pair(): Promise<void> {
  const way = signalWay()
  const side = (initiator: boolean): Promise<Link> =>
    establishLink({
      connector,
      initiator,
      signals: initiator ? way.initiator : way.responder,
      clock,
      random: systemRandom,
    })
  const [one, other] = await Promise.all([side(true), side(false)])
  const closed = new Promise((resolve) => other.on('closed', resolve))
  one.sendControl(new Uint8Array(1_000))
  one.close()
  await closed
}

/** What is held once no more than `awaited` is left, or when the time for that is over. */
async function holdings(awaited: Pick<Holdings, 'handles' | 'sockets'>): Promise<Holdings> {
  const deadline = clock.now() + settleMs
  while ((handleCount() > awaited.handles || openSockets() > awaited.sockets) && clock.now() < deadline) {
    await sleep(clock, lookEveryMs)
  }
  for (let round = 0; round < collections; round++) {
    gc?.()
    await sleep(clock, 50)
  }
  return {
    heapBytes: process.memoryUsage().heapUsed,
    sockets: openSockets(),
    handles: handleCount(),
    threads: threadCount(),
  }
}

function handleCount(): number {
  return process.getActiveResourcesInfo().length
}

function threadCount(): number | undefined {
  try {
    return readdirSync('/proc/self/task').length
  } catch {
    return undefined
  }
}
