import { SimulatedClock, SimulatedNetwork } from '../../lib/testing/index.ts'
import { describeConnector } from '../compliance/connector.ts'

describeConnector('the simulated network', () => {
  const clock = new SimulatedClock()
  const network = new SimulatedNetwork({ clock, seed: 1, delayMs: 1 })
  let heal = (): void => undefined
  return {
    initiator: network.peer('alice', { offsetMs: 5_000 }),
    responder: network.peer('bob', { offsetMs: 900_000 }),
    path: {
      set: ({ reorder = false, ...conditions }) =>
        network.setConditions({ ...conditions, reorderPercent: reorder ? 30 : 0 }),
      block: () => {
        heal = network.cut('alice', 'bob')
      },
      unblock: () => heal(),
    },
    pass: (ms) => clock.run(ms),
    openResources: () => network.openConnections + clock.pendingTimers,
    queues: false,
  }
})
