import { inject } from 'vitest'
import { createSystemClock, sleep, systemRandom } from '../../lib/core/index.ts'
import { webSocketRendezvous } from '../../lib/rendezvous/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../compliance/rendezvous.ts'
import { controlSignaling } from '../support/signalingControl.ts'

const clock = createSystemClock()

describeRendezvous(
  'a signaling service over the WebSocket of a browser',
  async (): Promise<RendezvousSubject> => {
    const control = await controlSignaling(inject('services').services)
    const { url, port } = await control.ask({ type: 'start', port: 0 })
    let clients = 0
    return {
      clock,
      // Short back-off, so that coming back takes no seconds here.
      rendezvous: () =>
        webSocketRendezvous(url, { clock, random: systemRandom, timings: { backOffMs: [50] } }),
      async goDown() {
        await control.ask({ type: 'stop' })
      },
      async comeBack() {
        await control.ask({ type: 'start', port })
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
  },
)
