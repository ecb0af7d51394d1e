import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReachedSession, Rendezvous } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
})

/** A rendezvous that answers at once, and with the announcement of another session. */
function liar(theirs: Rendezvous, otherSession: Uint8Array): Rendezvous {
  return {
    hint: theirs.hint,
    announce: () => Promise.reject(new Error('not in this test')),
    reach: (_session: Uint8Array, signal?: AbortSignal): Promise<ReachedSession> =>
      theirs.reach(otherSession, signal),
    list: () => Promise.resolve([]),
    iceServers: () => [],
    close: () => theirs.close(),
  }
}

describe('a joiner', () => {
  it('[HST-3] finds the host although another rendezvous answers first with somebody else', async () => {
    const { decodeInvite } = await import('../../lib/index.ts')
    const anna = await world.host('Anna')
    const mallory = await world.host('Mallory')
    const lying = liar(world.hub.rendezvous(), decodeInvite(mallory.invite).sessionId)
    const ben = await world.join('Ben', anna.invite, { rendezvous: [lying, world.hub.rendezvous()] })
    expect(ben.host.name).toBe('Anna')
    expect(world.hub.stats().routes).toBe(0)
  })

  it('[ADM-2] is told of the wrong host when nobody else answers', async () => {
    const { decodeInvite } = await import('../../lib/index.ts')
    const anna = await world.host('Anna')
    const mallory = await world.host('Mallory')
    const lying = liar(world.hub.rendezvous(), decodeInvite(mallory.invite).sessionId)
    await expect(world.join('Ben', anna.invite, { rendezvous: [lying] })).rejects.toMatchObject({
      code: expect.stringMatching(/^(host-mismatch|session-not-found)$/) as unknown,
    })
  })
})
