// A program: the other side of a link, which opens channels of its own, as many as it is told: see channelAttack.ts. In a
// process of its own, so that what it costs is not taken for what it does to the victim.
import { systemRandom } from '../../../lib/core/index.ts'
import { createConnector, establishLink, loadEngine, type Wrtc } from '../../../lib/rtc/index.ts'
import { nodeEngines } from '../hostileCase.ts'
import type { FromAttacker, ToAttacker } from './attackerMessages.ts'
import { clock } from './linkPair.ts'
import { processSignals } from './processSignals.ts'

/** Channels opened between two turns of the event loop, so that a hang-up is noticed. */
const portion = 50

/** Above the streams of a link's own channels. */
const firstId = 3

const [name, count = '0'] = process.argv.slice(2)
const engineName = nodeEngines.find((each) => each === name)
if (engineName === undefined) throw new Error(`There is no engine ${name}.`)
const engine = await loadEngine(engineName)
const connections: InstanceType<Wrtc['RTCPeerConnection']>[] = []

class CapturedPeerConnection extends engine.wrtc.RTCPeerConnection {
  constructor(configuration: ConstructorParameters<Wrtc['RTCPeerConnection']>[0]) {
    super(configuration)
    connections.push(this)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (message: ToAttacker) => {
  if (message.type === 'attack') void openChannels()
})
const link = await establishLink({
  connector: createConnector({
    ...engine,
    wrtc: { ...engine.wrtc, RTCPeerConnection: CapturedPeerConnection },
  }),
  initiator: true,
  signals: processSignals(process),
  clock,
  random: systemRandom,
})

async function openChannels(): Promise<void> {
  let opened = 0
  for (let refused = false; opened < Number(count) && !refused && link.state === 'open';) {
    // The link has one of these connections; the others are over and take no channel.
    refused = connections.every((connection) => !opens(connection, firstId + opened))
    if (!refused) opened++
    if (opened % portion === 0) await new Promise(setImmediate)
  }
  process.send?.({ type: 'attacked', opened } satisfies FromAttacker)
}

/** @returns whether the engine took a further channel. */
function opens(connection: InstanceType<Wrtc['RTCPeerConnection']>, id: number): boolean {
  try {
    // Numbered by us where the engine lets us: werift looks for a free number in time that grows with the cube of their count.
    connection.createDataChannel('foreign', engineName === 'werift' ? { id } : {})
    return true
  } catch {
    return false
  }
}
