import { bogusKnocks, bogusSignals } from './attacks/bogusSignatures.ts'
import {
  hostNames,
  hugeDescription,
  manyCandidates,
  oldAnswer,
  swappedAnswers,
  wrongFingerprint,
} from './attacks/descriptions.ts'
import { foreignChannels } from './attacks/foreignChannels.ts'
import { clientHelloRace, junkDatagrams, lateClientHello, spoofedAlert } from './attacks/forgedRecords.ts'
import { controlFlood, stalledReader, stateFlood } from './attacks/peerFloods.ts'
import { nodeEngines, type HostileCase } from './hostileCase.ts'
import { narrowPath } from './setup/narrowPath.ts'

const kinds = [
  spoofedAlert,
  lateClientHello,
  clientHelloRace,
  junkDatagrams,
  hugeDescription,
  manyCandidates,
  hostNames,
  wrongFingerprint,
  oldAnswer,
  swappedAnswers,
  stalledReader,
  stateFlood,
  controlFlood,
  foreignChannels,
  bogusKnocks,
  bogusSignals,
  narrowPath,
]

/** Every attack, and the narrow path, on every engine. */
export function hostileCases(): HostileCase[] {
  return nodeEngines.flatMap((engine) => kinds.map((kind) => kind(engine)))
}
