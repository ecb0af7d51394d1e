import { readdirSync, readlinkSync } from 'node:fs'
import { createSystemClock, sleep, systemRandom } from '../../../lib/core/index.ts'
import { createConnector, loadEngine } from '../../../lib/rtc/index.ts'
import { createImpairment, impairedConnector } from '../../../lib/testing/udpRelay.ts'
import type { ConnectorPair } from '../../compliance/connector.ts'

type NodeEngine = 'datachannel' | 'werift'

/** Two engines in this process, with a network between them that can be made bad where `path` is asked for. */
export async function nodePair(
  initiator: NodeEngine,
  responder: NodeEngine,
  needs: { path: boolean },
): Promise<ConnectorPair> {
  const clock = createSystemClock()
  const impairment = createImpairment({ clock, random: systemRandom })
  const side = async (engine: NodeEngine) => {
    const connector = createConnector(await loadEngine(engine))
    return {
      connector: needs.path ? impairedConnector(connector, impairment) : connector,
      clock,
      random: systemRandom,
    }
  }
  return {
    initiator: await side(initiator),
    responder: await side(responder),
    path: impairment,
    pass: (ms) => sleep(clock, ms),
    openResources: () => openSockets(),
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
