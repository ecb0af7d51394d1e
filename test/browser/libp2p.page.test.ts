import { inject } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { createIdentity } from '../../lib/identity/index.ts'
import { libp2pRendezvous } from '../../lib/rendezvous/libp2p/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../compliance/rendezvous.ts'
import { controlRelay } from '../support/relayControl.ts'

const clock = createSystemClock()
// Short waits, so that coming back and listening take no seconds here.
const timings = { backOffMs: [50], lobbyWaitMs: 100 }

describeRendezvous('libp2p over a relay in a browser', async (): Promise<RendezvousSubject> => {
  const control = await controlRelay(inject('services').services)
  const { addresses } = await control.ask({ type: 'start' })
  let clients = 0
  return {
    clock,
    rendezvous: () =>
      libp2pRendezvous({
        clock,
        random: systemRandom,
        identity: createIdentity(),
        relays: addresses,
        timings,
      }),
    async goDown() {
      await control.ask({ type: 'stop' })
    },
    async comeBack() {
      await control.ask({ type: 'start' })
    },
    complete: (work) => work,
    async until(condition) {
      for (;;) {
        clients = (await control.ask({ type: 'count' })).clients
        if (condition()) return
        await sleep(clock, 5)
      }
    },
    clients: () => clients,
    async close() {
      await control.ask({ type: 'stop' })
      control.close()
    },
  }
})
