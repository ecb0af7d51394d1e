import { setTimeout as sleep } from 'node:timers/promises'
import {
  createConnector,
  emptyVehicleState,
  hostConvoy,
  joinConvoy,
  loadEngine,
  type Convoy,
} from '../../lib/index.ts'
import { notingCandidates } from './candidateKinds.ts'
import type { PeerTask } from './peerMessages.ts'
import { sendMs, sendRate, type PeerRole } from './peerRole.ts'

/** Hosts a convoy or joins one, as any program would. */
export async function startConvoyPeer(
  task: Exclude<PeerTask, { role: 'link' }>,
  signal: AbortSignal,
): Promise<PeerRole> {
  const told = { kinds: new Set<string>(), addresses: new Set<string>() }
  const connector = notingCandidates(createConnector(await loadEngine(task.engine)), told)
  const options = {
    name: task.role,
    connector,
    signal,
    updateRate: sendRate,
    ...(task.iceServers && { iceServers: task.iceServers }),
    ...(task.relayOnly === true && { iceTransportPolicy: 'relay' as const }),
  }
  const convoy =
    task.role === 'host'
      ? await hostConvoy({ ...options, rendezvous: task.signaling })
      : await joinConvoy(task.invite, options)
  return {
    invite: convoy.invite,
    send: () => drive(convoy),
    measure() {
      const { updatesSent, updatesReceived, links } = convoy.stats()
      return {
        sent: updatesSent,
        received: updatesReceived,
        rttMs: links[0]?.rttMs,
        candidates: [...told.kinds].sort(),
        addressesTold: [...told.addresses].sort(),
        links: links.filter(({ state }) => state === 'open').length,
      }
    },
    moved: () => convoy.networkChanged(),
    close: () => convoy.close(),
  }
}

/** Straight on at 20 m/s. */
async function drive(convoy: Convoy): Promise<void> {
  const state = emptyVehicleState()
  const steps = (sendMs / 1_000) * sendRate
  for (let step = 0; step < steps; step++) {
    state.x = 20 * (step / sendRate)
    state.y = 1
    convoy.setVehicle(state)
    await sleep(1_000 / sendRate)
  }
  convoy.setVehicle(null)
}
