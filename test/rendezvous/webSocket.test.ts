import { systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../compliance/rendezvous.ts'
import { clock, startReopenable, until } from '../signaling/support.ts'

const environment = { clock, random: systemRandom }

describeRendezvous('a signaling service over WebSocket', async (): Promise<RendezvousSubject> => {
  let service = await startReopenable()
  const { url, port } = service
  return {
    clock,
    // Short back-off, so that coming back takes no seconds here.
    rendezvous: () => webSocketRendezvous(url, { ...environment, timings: { backOffMs: [50] } }),
    goDown: () => service.close(),
    async comeBack() {
      service = await startSignaling({ ...environment, port })
    },
    complete: (work) => work,
    until,
    clients: () => service.stats().clients,
    close: () => service.close(),
  }
})
