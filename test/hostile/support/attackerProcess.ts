// A program: the other side of a link, which opens channels of its own, as many as it is told: see channelAttacker.ts. In
// a process of its own, so that what it costs is not taken for what it does to the victim.
import { createConnector, loadEngine, type Wrtc } from '../../../lib/rtc/index.ts'
import { nodeEngines } from '../hostileCase.ts'
import type { FromAttacker, ToAttacker } from './attackerMessages.ts'
import { clock } from './linkPair.ts'
import { heartbeat } from './rawAttacker.ts'

/** Channels made between two turns of the event loop, so that news of the other side is read. */
const portion = 50

const [name, count = '0'] = process.argv.slice(2)
const engineName = nodeEngines.find((each) => each === name)
if (engineName === undefined) throw new Error(`There is no engine ${name}.`)
const engine = await loadEngine(engineName)
let connection: InstanceType<Wrtc['RTCPeerConnection']> | undefined

class CapturedPeerConnection extends engine.wrtc.RTCPeerConnection {
  constructor(configuration: ConstructorParameters<Wrtc['RTCPeerConnection']>[0]) {
    super(configuration)
    connection ??= this
  }
}

const tell = (message: FromAttacker): void => void process.send?.(message)
let ended = false
const attacker = createConnector({
  ...engine,
  wrtc: { ...engine.wrtc, RTCPeerConnection: CapturedPeerConnection },
}).connect({
  initiator: true,
  attempt: 0,
  iceServers: [],
  handlers: {
    signal: (signal) => tell({ type: 'signal', signal }),
    open: () => undefined,
    control: () => undefined,
    state: () => undefined,
    closed: () => (ended = true),
  },
})
clock.every(50, () => attacker.sendState(heartbeat()))

process.on('message', (message: ToAttacker) => {
  if (message.type === 'signal') attacker.signal(message.signal)
  else openChannels(Number(count), 0)
})
process.on('disconnect', () => process.exit())

function openChannels(left: number, made: number): void {
  for (let index = 0; index < portion && left > 0 && !ended; index++, left--) {
    try {
      connection?.createDataChannel(`foreign ${left}`, {})
      made++
    } catch {
      // The engine has no more streams, or the other side has hung up.
      left = 0
    }
  }
  if (left > 0 && !ended) setImmediate(openChannels, left, made)
  else tell({ type: 'done', made })
}
