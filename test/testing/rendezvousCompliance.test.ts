import { expect } from 'vitest'
import {
  SimulatedClock,
  SimulatedNetwork,
  SimulatedRendezvous,
  synchronousIdentity,
  synchronousVerify,
} from '../../lib/testing/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../compliance/rendezvous.ts'

for (const lossPercent of [0, 10]) {
  describeRendezvous(
    `the service on a simulated network with ${lossPercent} % loss`,
    async (): Promise<RendezvousSubject> => {
      const clock = new SimulatedClock()
      const network = new SimulatedNetwork({ clock, delayMs: 20, jitterMs: 10, lossPercent })
      const signaling = new SimulatedRendezvous({ network, verify: synchronousVerify })
      let peers = 0
      return {
        clock,
        rendezvous: () => signaling.rendezvous(`peer-${++peers}`),
        goDown: async () => signaling.goDown(),
        comeBack: async () => signaling.comeBack(),
        complete: (work) => clock.complete(work),
        until: (condition) => clock.runUntil(condition),
        identity: () => synchronousIdentity(network.peer('host').random),
        clients: () => signaling.stats()?.clients ?? 0,
        async close() {
          await clock.complete(signaling.close())
          // What was under way at the end arrives; nothing may be armed after that.
          await clock.run(10_000)
          expect(clock.pendingTimers).toBe(0)
        },
      }
    },
  )
}
