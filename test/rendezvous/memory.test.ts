import { expect } from 'vitest'
import { seededRandom } from '../../lib/core/index.ts'
import { verifySync } from '../../lib/identity/index.ts'
import { createMemoryRendezvousHub } from '../../lib/rendezvous/index.ts'
import { SimulatedClock } from '../../lib/testing/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../compliance/rendezvous.ts'

describeRendezvous('the in-memory service on simulated time', async (): Promise<RendezvousSubject> => {
  const clock = new SimulatedClock()
  const hub = createMemoryRendezvousHub({ clock, random: seededRandom(1), verify: verifySync })
  return {
    clock,
    rendezvous: () => hub.rendezvous(),
    goDown: async () => hub.goDown(),
    comeBack: async () => hub.comeBack(),
    complete: (work) => clock.complete(work),
    until: (condition) => clock.runUntil(condition),
    clients: () => hub.stats().clients,
    async close() {
      await clock.complete(hub.close())
      // What was under way at the end arrives; nothing may be armed after that.
      await clock.run(1_000)
      expect(clock.pendingTimers).toBe(0)
    },
  }
})
