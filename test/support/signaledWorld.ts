import { expect } from 'vitest'
import { SimulatedRendezvous } from '../../lib/testing/index.ts'
import { SimulatedWorld } from './simulatedWorld.ts'

/** A world and the signaling service on its network, which can be cut off and go down. */
export interface SignaledWorld {
  readonly world: SimulatedWorld
  readonly signaling: SimulatedRendezvous
}

export function signaledWorld(): SignaledWorld {
  const world = new SimulatedWorld()
  return { world, signaling: new SimulatedRendezvous({ network: world.network }) }
}

/** Closes everything, and expects that nothing is left running. */
export async function closeSignaledWorld({ world, signaling }: SignaledWorld): Promise<void> {
  await world.close()
  await world.clock.complete(signaling.close())
  await world.clock.run(5_000)
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
}
