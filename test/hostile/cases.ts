import { bogusKnocks, bogusSignals } from './attacks/bogusSignatures.ts'
import {
  hostNames,
  hugeDescription,
  manyCandidates,
  oldAnswer,
  swappedAnswers,
  wrongFingerprint,
} from './attacks/descriptions.ts'
import { clientHelloRace, junkDatagrams, lateClientHello, spoofedAlert } from './attacks/forgedRecords.ts'
import { controlFlood, stalledReader, stateFlood } from './attacks/peerFloods.ts'
import { nodeEngines, type HostileCase } from './hostileCase.ts'

const attacks = [
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
  bogusKnocks,
  bogusSignals,
]

/** Every attack on every engine. */
export function hostileCases(): HostileCase[] {
  return nodeEngines.flatMap((engine) => attacks.map((attack) => attack(engine)))
}
