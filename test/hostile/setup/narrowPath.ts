import { systemRandom } from '../../../lib/core/index.ts'
import { limits } from '../../../lib/protocol/index.ts'
import { createConnector, loadEngine, statePayloadBytes } from '../../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../../lib/testing/udpRelay.ts'
import { signalWay } from '../../compliance/signalWay.ts'
import type { HostileCase, NodeEngine } from '../hostileCase.ts'
import { clock, establishSide, until } from '../support/linkPair.ts'

/** Largest IP packet that passes, bytes. */
const mtu = 1_150

/** Full datagrams and the longest control messages that have to arrive. */
const count = 20

/** A path on which nobody says that a packet was too large. */
export const narrowPath = (engine: NodeEngine): HostileCase => ({
  name: `a path of ${mtu} bytes ([LNK-18])`,
  engine,
  expected: 'a link comes about; full datagrams and control messages of 60,000 bytes arrive',
  quick: true,
  async run() {
    const impairment = createImpairment({ clock, random: systemRandom, mtu })
    const connector = impairedConnector(createConnector(await loadEngine(engine)), impairment)
    const way = signalWay()
    const [initiator, responder] = await Promise.all([
      establishSide(connector, true, way),
      establishSide(connector, false, way),
    ])
    for (const [from, to] of [[initiator, responder] as const, [responder, initiator] as const]) {
      let datagrams = 0
      let messages = 0
      to.onState(({ length }) => (datagrams += length === statePayloadBytes ? 1 : 0))
      to.on('control', ({ length }) => (messages += length === limits.controlMessageBytes ? 1 : 0))
      for (let sent = 0; sent < count; sent++) from.sendControl(new Uint8Array(limits.controlMessageBytes))
      const payload = new Uint8Array(statePayloadBytes)
      await until('everything to arrive', () => {
        if (messages === count) from.sendState(payload)
        return messages === count && datagrams >= count
      })
    }
    initiator.close()
    responder.close()
    return { oversized: impairment.counts.get('oversized') }
  },
})
