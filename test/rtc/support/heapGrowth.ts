import { establishLink, type ConnectionHandlers } from '../../../lib/rtc/index.ts'
import { seededRandom } from '../../../lib/core/index.ts'
import { datagram } from './rawSide.ts'

/**
 * A program: prints how many bytes of heap a datagram takes on its way out of and into a link, from the heap in use
 * before and after 100,000 of each without a collection in between.
 */

const calls = 100_000
const rounds = 3
const gc = globalThis.gc
if (gc === undefined) throw new Error('Run with --expose-gc.')

// Milliseconds: in an array, since a number that changes is an object to some engines.
const time = new Float64Array(1)
let handlers: ConnectionHandlers | undefined
let sent = 0

const establishing = establishLink({
  connector: {
    name: 'sink',
    connect: (options) => {
      handlers = options.handlers
      return {
        signal: () => undefined,
        sendControl: () => undefined,
        sendState: () => {
          sent++
        },
        controlBufferedAmount: 0,
        stateBufferedAmount: 0,
        close: () => undefined,
      }
    },
  },
  initiator: true,
  signals: { send: () => undefined, onSignal: () => undefined },
  // A clock whose timers never fire: those that do cost something, but not per datagram.
  clock: {
    now: () => time[0] ?? 0,
    wallTime: () => 0,
    after: () => () => undefined,
    every: () => () => undefined,
  },
  random: seededRandom(1),
})
handlers?.open()
handlers?.state(datagram({}))
const link = await establishing
let received = 0
link.onState((payload) => void (received += payload.length))

const incoming = datagram(
  { flags: 3 },
  Array.from({ length: 40 }, () => 1),
)
const view = new DataView(incoming.buffer)
let sequence = 0

function receive(): void {
  sequence++
  view.setUint16(1, sequence & 0xffff)
  const ticks = (sequence * 200) & 0xffffff
  view.setUint8(3, ticks >>> 16)
  view.setUint16(4, ticks & 0xffff)
  view.setUint8(6, ticks >>> 16)
  view.setUint16(7, ticks & 0xffff)
  handlers?.state(incoming)
}

const payload = new Uint8Array(40)

/** The least of several rounds: what the compiler allocates in between isn't in each of them. */
function bytesPerCall(call: () => void): number {
  let least = Infinity
  for (let round = 0; round <= rounds; round++) {
    gc?.()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < calls; index++) {
      time[0] = (time[0] ?? 0) + 50
      call()
    }
    if (round > 0) least = Math.min(least, (process.memoryUsage().heapUsed - before) / calls)
  }
  return least
}

const exchange = bytesPerCall(() => {
  receive()
  link.sendState(payload)
})
if (sent < calls || received < calls)
  throw new Error(`Nothing was measured: ${sent} sent, ${received} received.`)
console.log(JSON.stringify({ exchange, dropped: link.quality().dropped }))
process.exit()
