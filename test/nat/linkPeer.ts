import { setTimeout as sleep } from 'node:timers/promises'
import { createSystemClock, systemRandom } from '../../lib/core/index.ts'
import {
  createConnector,
  establishLink,
  loadEngine,
  statePayloadBytes,
  type SignalPort,
} from '../../lib/rtc/index.ts'
import { notingCandidates } from './candidateKinds.ts'
import type { PeerTask } from './peerMessages.ts'
import { sendMs, sendRate, type PeerRole } from './peerRole.ts'

/** One end of a bare link, which fills every datagram. */
export async function startLinkPeer(
  task: Extract<PeerTask, { role: 'link' }>,
  signals: SignalPort,
  signal: AbortSignal,
): Promise<PeerRole> {
  const told = { kinds: new Set<string>(), addresses: new Set<string>() }
  const link = await establishLink({
    connector: notingCandidates(createConnector(await loadEngine(task.engine)), told),
    initiator: task.initiator,
    signals,
    clock: createSystemClock(),
    random: systemRandom,
    iceServers: [{ urls: task.stun }],
    signal,
  })
  let sent = 0
  let received = 0
  link.onState((payload) => {
    if (payload.length === statePayloadBytes && payload.every((byte) => byte === filling)) received++
  })
  return {
    invite: '',
    async send() {
      const payload = new Uint8Array(statePayloadBytes).fill(filling)
      const steps = (sendMs / 1_000) * sendRate
      for (let step = 0; step < steps; step++) {
        if (link.sendState(payload)) sent++
        await sleep(1_000 / sendRate)
      }
    },
    measure: () => ({
      sent,
      received,
      rttMs: link.quality().rttMs,
      candidates: [...told.kinds].sort(),
      addressesTold: [...told.addresses].sort(),
      links: 1,
    }),
    async close() {
      link.close()
    },
  }
}

const filling = 0xa5
