import { createConnector, loadEngine, systemRandom, type Clock, type Connector } from 'openconvoy'
// eslint-disable-next-line openconvoy/import-direction -- it needs Node, and openconvoy/testing runs in pages as well
import { createImpairment, impairedConnector } from '../../lib/testing/udpRelay.ts'

/** `auto` is the library's own choice. */
export const engineChoices = ['auto', 'datachannel', 'werift'] as const
export type EngineChoice = (typeof engineChoices)[number]

/** What happens to every UDP datagram below the links, in each direction. */
export interface Impairment {
  readonly delayMs: number
  readonly jitterMs: number
  readonly lossPercent: number
}

/**
 * Connections by the engine asked for, impaired as asked for.
 * @throws ConvoyError `webrtc-missing` when the engine can't be loaded.
 */
export async function makeConnector(
  engine: EngineChoice,
  impairment: Impairment,
  clock: Clock,
): Promise<Connector> {
  const connector = createConnector(await loadEngine(engine))
  const { delayMs, jitterMs, lossPercent } = impairment
  if (delayMs === 0 && jitterMs === 0 && lossPercent === 0) return connector
  return impairedConnector(connector, createImpairment({ clock, random: systemRandom, ...impairment }))
}
