import { expect } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { createConnector, loadEngine, type Connector } from '../../lib/rtc/index.ts'
import { impairedConnector } from '../../lib/testing/impairedConnector.ts'
import type { ConnectorPair } from '../compliance/connector.ts'
import { remoteConnector } from './engineBridge.ts'
import { remoteImpairment } from './impairmentControl.ts'

type PageEngine = 'browser' | 'datachannel' | 'werift'

/** Two engines for a suite inside a page: the browser's own, or one of Node in the process behind `services`. */
export async function pagePair(
  services: string,
  initiator: PageEngine,
  responder: PageEngine,
): Promise<ConnectorPair> {
  const clock = createSystemClock()
  const closers: (() => void)[] = []
  let open = 0
  const connectorOf = async (engine: PageEngine): Promise<Connector> => {
    if (engine === 'browser') return createConnector(await countedEngine((change) => (open += change)))
    const connector = await remoteConnector(services, engine)
    closers.push(() => connector.close())
    return connector
  }
  const connectors = [await connectorOf(initiator), await connectorOf(responder)] as const
  const side = (connector: Connector) => ({ connector, clock, random: systemRandom })
  const pair: ConnectorPair = {
    initiator: side(connectors[0]),
    responder: side(connectors[1]),
    pass: (ms) => sleep(clock, ms),
    openResources: () => open,
    close: () => closers.forEach((close) => close()),
  }
  // Elsewhere both sides find each other by themselves, by the names behind which the browser hides its addresses.
  if (!expect.getState().currentTestName?.includes('on a bad network')) return pair
  const { impairment, path, close } = await remoteImpairment(services)
  closers.push(close)
  return {
    ...pair,
    initiator: side(impairedConnector(connectors[0], impairment)),
    responder: side(impairedConnector(connectors[1], impairment)),
    path,
  }
}

/** The browser's engine; tells of connections that begin and end. */
async function countedEngine(
  count: (change: 1 | -1) => void,
): Promise<Awaited<ReturnType<typeof loadEngine>>> {
  const engine = await loadEngine()
  class CountedPeerConnection extends RTCPeerConnection {
    constructor(configuration: RTCConfiguration) {
      super(configuration)
      count(1)
    }

    override close(): void {
      if (this.signalingState !== 'closed') count(-1)
      super.close()
    }
  }
  const wrtc = { ...engine.wrtc, RTCPeerConnection: CountedPeerConnection } as unknown as typeof engine.wrtc
  return { ...engine, wrtc }
}
