import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeInvite } from '../../lib/index.ts'
import { SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld

beforeEach(() => {
  world = new SimulatedWorld()
})

afterEach(async () => {
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

describe('newcomers', () => {
  it('[MOD-14] by one invite are let in up to a number, then one by one, and told how long to wait', async () => {
    const anna = await world.host('Anna', {
      rules: { maxPlayers: 32 },
      budgets: { joinsPerInviteAtOnce: 3, joinsPerInvitePerSecond: 0.1 },
    })
    for (const name of ['Ben', 'Cem', 'Dora']) await world.join(name, anna.invite)
    await expect(world.join('Emil', anna.invite)).rejects.toMatchObject({
      code: 'rate-limited',
      details: { waitMs: 10_000 },
    })
    expect(anna.stats().dropped['refused-rate-limited']).toBe(1)
    // Another invite is another matter.
    const other = await world.clock.complete(anna.createInvite())
    await expect(world.join('Emil', other)).resolves.toBeDefined()
    await expect(world.join('Felix', anna.invite)).rejects.toMatchObject({ code: 'rate-limited' })
    await world.clock.run(10_000)
    await expect(world.join('Felix', anna.invite)).resolves.toBeDefined()
  })

  it('[MOD-14] from one address are let in up to a number, and others as before', async () => {
    const anna = await world.host('Anna', {
      rules: { maxPlayers: 32 },
      budgets: { joinsPerOriginAtOnce: 2, joinsPerOriginPerSecond: 0.1 },
    })
    const household = { rendezvous: world.hub.rendezvous() }
    for (const name of ['Ben', 'Cem']) await world.join(name, anna.invite, household)
    await expect(world.join('Dora', anna.invite, household)).rejects.toMatchObject({ code: 'rate-limited' })
    await expect(world.join('Dora', anna.invite)).resolves.toBeDefined()
    expect(anna.stats().admission).toMatchObject({ knocks: 0, origins: 2 })
  })

  it('[MOD-14] are not those who are members and come back', async () => {
    const anna = await world.host('Anna', {
      budgets: { joinsPerInviteAtOnce: 1, joinsPerInvitePerSecond: 0.001 },
    })
    const ben = await world.join('Ben', anna.invite)
    for (let time = 0; time < 5; time++) {
      const again = await world.join('Ben', anna.invite)
      expect(again.self.id).toBe(ben.self.id)
    }
  })
})

describe('a stranger that floods', () => {
  it('[MOD-15] uses up what its own address may ask for, and keeps nobody else out', async () => {
    const anna = await world.host('Anna')
    const { sessionId } = decodeInvite(anna.invite)
    const mallory = { rendezvous: world.hub.rendezvous() }
    for (let burst = 0; burst < 10; burst++) {
      const reached = await world.clock.complete(mallory.rendezvous.reach(sessionId))
      for (let count = 0; count < 8; count++) reached.route.send(new Uint8Array(200))
      await world.clock.run(50)
    }
    const { dropped, admission } = anna.stats()
    expect(dropped['knock-rate-limited']).toBeGreaterThan(40)
    expect(admission?.messagesLeft).toBeGreaterThan(30)
    await expect(world.join('Ben', anna.invite)).resolves.toBeDefined()
  })
})
