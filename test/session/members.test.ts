import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyVehicleState, type Convoy } from '../../lib/index.ts'
import { isFullyConnected, recordOf, SimulatedWorld } from '../support/simulatedWorld.ts'

let world: SimulatedWorld
beforeEach(() => {
  world = new SimulatedWorld()
})
afterEach(async () => {
  await world.close()
  expect(world.network.openConnections).toBe(0)
  expect(world.clock.pendingTimers).toBe(0)
})

function placedAt(x: number) {
  const state = emptyVehicleState()
  state.x = x
  state.y = 10
  return state
}

/** Keeps a convoy's vehicle at `x`, as a game that calls every frame would. */
function park(convoy: Convoy, x: number): void {
  convoy.setVehicle(placedAt(x))
}

describe('members', () => {
  it('[TKT-2] are linked with each other directly, a ticket shown on each link', async () => {
    const all = await world.convoy('Anna', 'Ben', 'Cem', 'Dora', 'Emil')
    for (const convoy of all) expect(isFullyConnected(convoy, 5)).toBe(true)
    for (const convoy of all) expect(convoy.stats().dropped).toEqual({})
  })

  it('see each other move, with name, ping and distance in the roster', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    park(anna, 100)
    park(ben, 200)
    park(cem, 350)
    await world.clock.run(1_000)
    const seen = cem.members.map(({ name, distance }) => ({ name, distance: Math.round(distance ?? -1) }))
    expect(seen).toEqual([
      { name: 'Anna', distance: 250 },
      { name: 'Ben', distance: 150 },
      { name: 'Cem', distance: -1 },
    ])
    for (const member of cem.members)
      if (member.presence === 'connected') expect(member.pingMs).toBeCloseTo(40, 0)
    expect(cem.vehicles.sample()).toHaveLength(2)
  })

  it('learn of joins and leaves by event, each once', async () => {
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite)
    const joined = recordOf(ben, 'memberJoined')
    const left = recordOf(ben, 'memberLeft')
    const cem = await world.join('Cem', anna.invite)
    await world.clock.run(1_000)
    await world.clock.complete(cem.close())
    await world.clock.run(1_000)
    expect(joined.map((member) => member.name)).toEqual(['Cem'])
    expect(left.map(({ member, reason }) => [member.name, reason])).toEqual([['Cem', 'left']])
    expect(ben.vehicles.sample()).toHaveLength(0)
  })

  it('are told apart from those that merely vanished', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy]
    const left = recordOf(ben, 'memberLeft')
    world.network.kill('Cem')
    await world.clock.run(20_000)
    expect(left.map(({ member, reason }) => [member.name, reason])).toEqual([['Cem', 'lost']])
    expect(anna.members).toHaveLength(2)
  })

  it('[LNK-20] dial again when the link between two of them broke', async () => {
    const [, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const heal = world.network.cut('Ben', 'Cem')
    await world.clock.run(20_000)
    expect(ben.members.find(({ name }) => name === 'Cem')?.presence).not.toBe('connected')
    heal()
    await world.clock.runUntil(() => isFullyConnected(ben, 3) && isFullyConnected(cem, 3))
  })

  it('[HST-2] [AUT-13] go on under another host when the host leaves, without a moment between', async () => {
    const [anna, ben, cem] = (await world.convoy('Anna', 'Ben', 'Cem')) as [Convoy, Convoy, Convoy]
    const changed = recordOf(cem, 'hostChanged')
    const gone = recordOf(cem, 'hostGone')
    const left = recordOf(cem, 'memberLeft')
    await world.clock.complete(anna.close())
    await world.clock.run(1_000)
    expect(changed.map(({ host, former }) => [host.name, former.name])).toEqual([['Ben', 'Anna']])
    expect(left.map(({ member, reason }) => [member.name, reason])).toEqual([['Anna', 'left']])
    expect(gone).toEqual([])
    expect(ben.isHost).toBe(true)
    park(cem, 50)
    cem.sendChat('still here')
    const chat = recordOf(ben, 'chat')
    await world.clock.run(2_000)
    expect(ben.vehicles.sample().map(({ memberId }) => memberId)).toEqual([cem.self.id])
    expect(chat.map(({ text }) => text)).toEqual(['still here'])
    await world.clock.complete(ben.setRules({ speedLimit: 70 }))
    await world.clock.run(200)
    expect(cem.rules.speedLimit).toBe(70)
  })

  it('[HST-1] drive on, with rules frozen, where nobody votes but a host that died', async () => {
    const [, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const gone = recordOf(ben, 'hostGone')
    world.network.kill('Anna')
    await world.clock.run(20_000)
    expect(gone.map(({ host, reason }) => [host.name, reason])).toEqual([['Anna', 'lost']])
    expect(ben.authority.state).toBe('frozen')
    expect(ben.host.name).toBe('Anna')
  })
})

describe('a spectator', () => {
  it('sees the others, is seen in the roster, and drives nothing', async () => {
    const anna = await world.host('Anna')
    const ben = await world.join('Ben', anna.invite, { vehicleClass: null })
    park(anna, 100)
    await world.clock.run(1_000)
    expect(ben.vehicles.sample()).toHaveLength(1)
    expect(anna.members.map(({ name, vehicleClass }) => [name, vehicleClass])).toEqual([
      ['Anna', 'truck'],
      ['Ben', null],
    ])
    expect(() => park(ben, 1)).toThrow(expect.objectContaining({ code: 'not-permitted' }))
  })
})

describe('the embedding program', () => {
  it('gets an error for a vehicle state that no truck can have', async () => {
    const anna = await world.host('Anna')
    for (const x of [Number.NaN, Infinity, 1e9]) {
      expect(() => park(anna, x)).toThrow(expect.objectContaining({ code: 'invalid-vehicle' }))
    }
  })

  it('may let a listener throw without harm to the convoy', async () => {
    const anna = await world.host('Anna')
    const joined = recordOf(anna, 'memberJoined')
    anna.on('memberJoined', () => {
      throw new Error('a bug of the embedder')
    })
    await world.join('Ben', anna.invite)
    expect(joined).toHaveLength(1)
  })

  it('may close at any time, and again', async () => {
    const [anna, ben] = (await world.convoy('Anna', 'Ben')) as [Convoy, Convoy]
    const closed = recordOf(ben, 'closed')
    await world.clock.complete(Promise.all([ben.close(), ben.close()]))
    await world.clock.complete(ben.close())
    expect(closed).toHaveLength(1)
    expect(() => ben.sendChat('hello')).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(anna.isHost).toBe(true)
  })
})
