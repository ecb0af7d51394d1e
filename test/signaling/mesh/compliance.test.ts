import { expect } from 'vitest'
import { verifySync } from '../../../lib/identity/index.ts'
import type { Rendezvous } from '../../../lib/rendezvous/index.ts'
import { describeRendezvous, type RendezvousSubject } from '../../compliance/rendezvous.ts'
import { SimulatedMesh } from './simulatedMesh.ts'

const ids = ['north', 'south', 'west'] as const

describeRendezvous('[MSH-1] a mesh of three behind a load balancer', async (): Promise<RendezvousSubject> => {
  const world = new SimulatedMesh(verifySync)
  const comeBack = (): void => {
    for (const id of ids) if (!world.services.has(id)) world.service(id)
  }
  comeBack()
  await world.clock.run(100)
  return {
    clock: world.clock,
    rendezvous: () => withWitnessAt(world.balanced(), world.rendezvous('north')),
    goDown: async () => ids.forEach((id) => world.kill(id)),
    comeBack: async () => comeBack(),
    complete: (work) => world.clock.complete(work),
    until: (condition) => world.clock.runUntil(condition),
    clients: () =>
      [...world.services.values()].reduce((sum, { switchboard }) => sum + switchboard.stats().clients, 0),
    async close() {
      await world.close()
      expect(world.clock.pendingTimers).toBe(0)
    },
  }
})

/** A witness is one service, by its key and boot id, wherever the others are: [MSH-16]. */
function withWitnessAt(rendezvous: Rendezvous, service: Rendezvous): Rendezvous {
  return Object.assign(Object.create(rendezvous) as Rendezvous, {
    hint: rendezvous.hint,
    announce: rendezvous.announce.bind(rendezvous),
    reach: rendezvous.reach.bind(rendezvous),
    list: rendezvous.list.bind(rendezvous),
    iceServers: rendezvous.iceServers.bind(rendezvous),
    reconnect: () => rendezvous.reconnect?.(),
    witness: service.witness?.bind(service),
    close: async () => {
      await Promise.all([rendezvous.close(), service.close()])
    },
  })
}
