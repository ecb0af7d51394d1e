import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { startSignaling } from '../../signaling/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../compliance/rendezvous.ts'

const clock = createSystemClock()
const environment = { clock, random: systemRandom }

describeRendezvous('a signaling service over WebSocket', async (): Promise<RendezvousSubject> => {
  let service = await startSignaling(environment)
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
    async until(condition) {
      while (!condition()) await sleep(clock, 5)
    },
    clients: () => service.stats().clients,
    close: () => service.close(),
  }
})
