import { readdirSync, readlinkSync } from 'node:fs'
import { createSystemClock, sleep, systemRandom } from '../../../lib/core/index.ts'
import { createConnector, loadEngine } from '../../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../../lib/testing/udpRelay.ts'
import type { ConnectorPair } from '../../compliance/connector.ts'

type NodeEngine = 'datachannel' | 'werift'

/** Two engines in this process, with a bad network between them where asked for. */
export async function nodePair(initiator: NodeEngine, responder: NodeEngine): Promise<ConnectorPair> {
  const clock = createSystemClock()
  const impairment = createImpairment({ clock, random: systemRandom })
  const side = async (engine: NodeEngine) => ({
    connector: impairedConnector(createConnector(await loadEngine(engine)), impairment),
    clock,
    random: systemRandom,
  })
  return {
    initiator: await side(initiator),
    responder: await side(responder),
    path: impairment,
    pass: (ms) => sleep(clock, ms),
    openResources: () => impairment.openSockets + openSockets(),
  }
}

/** Sockets of this process, native ones included where the platform tells. */
export function openSockets(): number {
  try {
    return readdirSync('/proc/self/fd').filter((descriptor) => isSocket(descriptor)).length
  } catch {
    return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length
  }
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:')
  } catch {
    return false
  }
}
